#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/id.h"
#include "contract/transaction.h"
#include "flow/decide/decide.h"
#include "flow/engine/replay_job.h"
#include "flow/engine/target.h"
#include "flow/plan/caller.h"
#include "flow/plan/process.h"
#include "flow/plan/service_day.h"
#include "ledger/posting_periods.h"
#include "runtime/random.h"
#include "runtime/scheduler.h"
#include "store/api/store.h"

namespace crossfoot::contract::record {
struct Known;
struct Merged;
}  // namespace crossfoot::contract::record

namespace crossfoot::flow {

/// What becomes of a transaction that looks like another one of its shop under a new number.
enum class SuspectPolicy : std::uint8_t {
  ignore,  ///< nobody looks
  flag,    ///< processed, and marked
  hold,    ///< kept until a person decides
};

struct EngineOptions {
  Routing routing;
  RetrySchedule retry;  ///< of targets that have none of their own
  std::map<std::string, RetrySchedule, std::less<>> retry_of_target;
  /// Channels whose returns name no original: their sold lines are indexed for linking.
  std::string link_format = "online-retail";
  std::array<SuspectPolicy, contract::channel_count> suspects{};  ///< by channel
  Duration suspect_window{std::chrono::minutes{5}};  ///< between two that happened, either way
  /// What happened longer ago is not looked at for duplicates any more.
  Duration suspect_lateness{std::chrono::hours{48}};
  /// Up to so many points of a member are redeemed without the platform's word while it gives none,
  /// by channel; 0: none.
  std::array<Points, contract::channel_count> floor_limits{};
  /// Channels whose products, and whose members, must be known before anything is sent.
  std::array<bool, contract::channel_count> check_products{};
  std::array<bool, contract::channel_count> check_members{};
  ledger::PostingPeriods periods;            ///< of the ERP's books
  std::size_t accepts_in_flight_max = 4096;  ///< more are refused with a retryable fault
  std::size_t active_flows_max = 65'536;     ///< flows in memory; more wait in the due index
  Duration poll_interval{std::chrono::milliseconds{200}};  ///< safety net behind the wake-ups
  /// The programme as it was written: kept at start, so that later explanations are by it. The
  /// start is refused (programme_changed) where its version was used with other rules before.
  /// Empty: not kept, for simulations.
  std::string programme_text;
  /// Makes the journal's salts: new at each start, kept nowhere. Empty: from the seed, for
  /// simulations.
  std::string salt_secret;
};

struct RecordStage;

/// What was read at the door.
struct AcceptRequest {
  std::shared_ptr<const contract::Transaction> transaction;
  std::shared_ptr<const std::string> body;  ///< the raw original
  Hash128 content;                          ///< content hash, with the version of its projection
  std::uint8_t projection = 1;
  std::string idempotency_key;  ///< empty: none
  std::string correlation_id;   ///< empty: the message's id
  Lane lane = Lane::live;
  std::shared_ptr<const RecordStage> record;  ///< of what Crossfoot makes itself: what it is about
  std::optional<Decision> edit;  ///< a person's edit of what is there: its correction, or nothing
  std::optional<store::BookRow> also;  ///< of a points_adjustment: its person's day
};

struct AcceptAnswer {
  enum class Kind : std::uint8_t {
    accepted,
    replayed,              ///< same key, same content: the first answer again
    corrected,             ///< a higher revision of what is there: it takes its place
    unsupported,           ///< the loyalty platform's pack has no operation for it
    over_limit,            ///< an adjustment beyond what its person may move on a day
    superseded,            ///< a lower revision than what is there: kept, no effect
    held,                  ///< the natural key is taken by other content: kept, no effect
    idempotency_conflict,  ///< the Idempotency-Key was used with other content: nothing was kept
    unavailable,           ///< not taken; `fault` says whether to try again
  };
  Kind kind = Kind::accepted;
  Id id;              ///< of the message, or of the first one
  Id conflict_with;   ///< of the message that holds the natural key
  bool held = false;  ///< the message answered was held, whatever a person decided since
  Id supersedes;      ///< of a correction: the message whose place it takes
  Id superseded_by;   ///< of a superseded one: the message that took its place
  Id suspected_of;    ///< the message that an accepted one may be
  std::string correlation_id;
  Fault fault;
};

/// A redemption as it is committed.
struct RedemptionView {
  Id id;
  std::string correlation_id;
  std::string member;
  RedemptionState state = RedemptionState::pending;
  Redemption redemption;
  std::string code;  ///< why the platform declined or refused
};

/// A member's points, as far as anybody can say now.
struct BalanceView {
  enum class Source : std::uint8_t { live, last_known, none };
  Source source = Source::none;
  Points platform;            ///< what the platform said was free; 0 when it never did
  Instant as_of;              ///< when it was asked; the epoch when it never answered
  Points pending;             ///< of sales that have not reached it, by Crossfoot's own rules
  Points in_doubt;            ///< of sales that it may have counted already, or not
  std::size_t accruals = 0;   ///< how many sales these are together
  std::size_t reversals = 0;  ///< returns under way; what they take is not in the figures
  Points held;                ///< reserved or granted here, which the platform does not know
};

/// What a basket would earn its member.
struct PromiseView {
  bool live = false;  ///< the platform's word; else by Crossfoot's copy of its rules
  Instant as_of;
  std::uint32_t programme_version = 0;                  ///< of that copy
  std::optional<Points> points;                         ///< none: the rules cannot be applied to it
  std::vector<std::pair<std::uint32_t, Points>> lines;  ///< by line, where they are told
};

/// How much is under way; all zero means that nothing will move by itself before its time.
struct Activity {
  std::size_t accepts = 0;
  std::size_t active_flows = 0;
  std::size_t calls = 0;
  std::int64_t moving_legs = 0;  ///< due, calling, retrying or unknown, in memory or not
  std::size_t pending_books = 0;
};

struct RecordRequest;
struct RecordAnswer;
struct RecordVerdict;
struct ProfileOrder;

/// Runs the flows of the partitions it owns: the rim around decide(). Everything happens on one
/// shard's thread; there are no locks. Intent is committed before a call leaves; effects of an
/// event (calls, answers, wake-ups) start after its commit. When a commit fails or its outcome is
/// unknown the engine stops and says so once through `on_fatal`; the owner discards it, reopens the
/// store and starts a new engine, which finds everything again. Delivery: what ENGINE.md promises
/// by target.
struct FlowSummary;

class Engine {
 public:
  using Accepted = std::move_only_function<void(AcceptAnswer)>;
  using Done = std::move_only_function<void(Status)>;
  /// Reads the body of a stored message again.
  using Parse = std::function<Result<contract::Transaction>(std::string_view body)>;

  Engine(runtime::Scheduler& scheduler, store::Store& data_store, Caller& caller,
         const Processes& processes, const ledger::Programme& programme,
         const ledger::ZoneLookup& zones, Parse parse, EngineOptions options, std::uint64_t seed,
         std::function<void(Fault)> on_fatal);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Finds what was under way, then answers. `accept` is refused before that.
  void start(std::vector<std::string> targets, Done done);

  /// Answers after the commit (DESIGN.md, accepted means committed). A repeat of what is being
  /// accepted joins it.
  void accept(AcceptRequest request, Accepted done);

  /// Keeps what could not be read or identified, with its reason. No flow.
  void keep_invalid(store::MessageRow message, Done done);

  /// What a person decides about one leg. Refused with `leg_state_conflict` where the leg is in no
  /// state for it; answers after the commit.
  using Instruction = std::variant<Released, Discarded, Confirmed, Resent>;
  void instruct(Id flow, Instruction instruction, Done done);

  /// What a till says of its redemption. Refused as an instruction is; what it says once more, too.
  using TillWord = std::variant<CaptureRequested, ReleaseRequested>;
  void redeem(Id redemption, TillWord word, Done done);
  /// What is committed of a redemption: at once when only the till can change it, else when that is
  /// so, at the latest after `patience`. No value: there is no such redemption.
  /// Grants a redemption whose platform gives no answer, where the channel's floor limit covers it
  /// with what the member was granted and the platform does not know yet. `done` when that is
  /// decided; what became of it is seen by `await_redemption`.
  void grant_offline(Id redemption, Done done);
  using Watched = std::move_only_function<void(std::optional<RedemptionView>)>;
  void await_redemption(Id redemption, Duration patience, Watched done);

  /// Takes on points that a person grants or deducts by hand. `over_limit` when the person has
  /// asked for more than `most_a_day` with it on this day (UTC); a repeat counts once.
  void adjust(AcceptRequest request, Points most_a_day, Accepted done);
  /// A second person's word about one. Refused with `leg_state_conflict` where none is waited for,
  /// or by who asked.
  void judge_adjustment(Id adjustment, Judged word, Done done);

  /// What the platform says within `patience`, else what it said last; with what is on its way
  /// there. Nothing is changed but the note of what it said.
  using Weighed = std::move_only_function<void(BalanceView)>;
  void balance(const std::string& tenant, const std::string& member, Duration patience,
               Weighed done);

  /// What the basket would earn, if it were sold now: the platform's word within `patience`, else
  /// by Crossfoot's copy of its rules. Nothing is stored.
  using Promised = std::move_only_function<void(PromiseView)>;
  void promise(std::shared_ptr<const contract::Transaction> basket,
               std::shared_ptr<const std::string> body, const std::string& correlation_id,
               Duration patience, Promised done);

  /// A person decides about a held message: nothing follows from it, or it is accepted as
  /// `instead`, which has another natural key (a later register epoch, the number that the till
  /// meant). The decision stands in the timeline of the receipt that has the natural key. Refused
  /// with `message_not_held` where somebody has decided already. A repeat after a crash is
  /// harmless.
  void discard_held(Id held, Decision decision, Done done);
  /// It is not what it was suspected to be: it goes on as it came. Only for those held as suspects.
  void release_held(Id held, Decision decision, Done done);
  void replace_held(Id held, AcceptRequest instead, Decision decision, Accepted done);

  /// A person repairs what is stuck: `instead`, with the same natural key, takes its place as its
  /// next revision; both versions and the decision stay. Refused with `leg_state_conflict` where
  /// nothing is stuck, another revision counts, or nothing was changed.
  void edit(Id stuck, AcceptRequest instead, Decision decision, Accepted done);

  /// Lets stuck legs that match go on, in the replay lane, or only counts them. Answers when the
  /// job is stored; its progress stands in the document `replay_documents` / id.
  using ReplayAnswer = std::move_only_function<void(Result<ReplayJob>)>;
  void start_replay(ReplayRequest request, ReplayAnswer done);
  /// Ends it before its next page; what was let go on stays so.
  void cancel_replay(Id id, ReplayAnswer done);

  /// Takes in one statement of a system about a record (records.h): merged by who owns which field,
  /// never by who came last. Answers after the commit; a repeat gets `replayed`.
  using RecordDone = std::move_only_function<void(RecordAnswer)>;
  void put_record(RecordRequest request, RecordDone done);
  /// A person accepts or rejects what a system proposed. Refused with `proposal_closed` where
  /// somebody has decided already.
  void judge_proposal(RecordVerdict verdict, RecordDone done);

  /// Merges, unmerges, erases a customer or notes a consent, and has the targets told of it.
  void change_profile(ProfileOrder order, RecordDone done);

  /// Holds back what is sent to a target, or what belongs to a shop, a member, a region or a key
  /// (of a receipt, or of the order of legs); calls under way end. Answers after the commit.
  void pause(Pause pause, Done done);
  void unpause(PauseKind kind, const std::string& value, std::string by, Done done);
  [[nodiscard]] std::vector<Pause> pauses() const;

  [[nodiscard]] Activity activity() const;
  [[nodiscard]] std::vector<TargetStatus> targets() const;
  /// Recovered and taking messages.
  [[nodiscard]] bool ready() const { return ready_ && !stopped_; }

 private:
  struct Active;
  using ActivePtr = std::shared_ptr<Active>;
  struct Watcher;
  struct Staged;
  using StagedPtr = std::shared_ptr<Staged>;
  struct Incoming;
  using IncomingPtr = std::shared_ptr<const Incoming>;
  struct BatchCall;
  struct BookTask;
  struct LinkQueue;
  struct DuePage;
  using OpenBatches = std::map<std::string, std::shared_ptr<BatchCall>>;

  /// Work that waits until its flow has no uncommitted event. It adds to the unit it is given and
  /// answers whether that unit must be committed. What waits together shares a commit.
  using Work = std::move_only_function<bool(Staged&)>;
  struct Queued;

  // accept.cpp
  void begin_accept(const IncomingPtr& request, Accepted done);
  void plan_accept(const IncomingPtr& request, Accepted done);
  /// Every target that the legs go to is healthy, and one of them has no slot free just now.
  [[nodiscard]] bool briefly_full(const std::vector<Leg>& legs);
  /// Lets accepts that wait for a slot go on: those that have one, and those out of time.
  void admit();
  /// `suspected`: of what it is suspected; nil: that is still to be found out.
  void stage_accept(const IncomingPtr& request, Plan plan, Accepted done, Id suspected = {});
  [[nodiscard]] store::MessageRow message_of(const AcceptRequest& request, Id id,
                                             const Money& gross) const;
  void add_sold_lines(const AcceptRequest& request, const Plan& plan, Id id, store::Unit& unit);
  void resolve_duplicate(const IncomingPtr& request, Accepted done, const store::UnitResult& result,
                         bool idempotency_first);
  void hold(const IncomingPtr& request, Accepted done, Id conflict_with);
  /// `natural`: the key under which its repeats find it.
  void hold(const IncomingPtr& request, Accepted done, Id conflict_with, std::string_view code,
            const Hash128& natural);
  /// A flow in memory that is not stored yet, with its message in `unit`.
  ActivePtr new_flow(const IncomingPtr& request, Plan plan, Id id, store::Unit& unit);
  /// A refused unit's positions are given back, or filled.
  void give_back(Partition partition, std::uint64_t position);
  void answer_stored(Id id, Accepted done);
  void finish_accept(const Hash128& key);

  // store_days.cpp
  /// Leaves word in the unit that something of this shop and day has come, unless that is known.
  void note_day(const contract::Transaction& transaction, store::Unit& unit);
  static void note_day(const store::MessageRow& message, store::Unit& unit);
  /// Word of it is stored.
  void day_is_noted(const contract::Transaction& transaction);

  // posting_dates.cpp
  /// Under which day a leg of the ERP is posted; no value where that is its business date.
  /// Fault period_closed: under none.
  [[nodiscard]] Result<std::optional<BusinessDate>> posting_date_of(const Active& active,
                                                                    const Leg& leg) const;
  /// Adds the dates to what the call says. Fault period_closed: it must not leave.
  [[nodiscard]] Status add_posting_dates(const Active& active, const Leg& leg,
                                         CallItem& item) const;
  /// Has the timeline say under which day the leg that is taken is posted, where it is another one.
  void note_posting_date(const Active& active, const Leg& leg, Staged& staged) const;
  /// As if the target had refused it: the call did not leave.
  void refuse_unsent(const ActivePtr& active, std::uint16_t leg, Fault fault);

  // suspect.cpp
  /// Has the unit look for a message like this one, or only leave word of it.
  void add_fingerprint(const AcceptRequest& request, Id id, Id suspected, store::Unit& unit);
  void suspect(const IncomingPtr& request, Accepted done, Id of);
  void release_suspect(store::MessageRow held, contract::Transaction transaction, Decision decision,
                       Done done);

  // correct.cpp
  struct Correction;
  using CorrectionPtr = std::shared_ptr<Correction>;
  /// Another revision of a receipt that is there.
  void correct(const IncomingPtr& request, Accepted done, const store::KeyRow& first);
  void find_receipt(const CorrectionPtr& correction, Id from);
  /// The receipt itself is held as a suspect: a person decides about both.
  void hold_beside(const CorrectionPtr& correction, Id held);
  void judge_revision(const CorrectionPtr& correction);
  /// `known`: of the revision that counts.
  void judge_content(const CorrectionPtr& correction, const store::KeyRow& known);
  void stage_correction(const CorrectionPtr& correction);
  /// The flow of the correction, begun within the unit that supersedes the one before.
  StagedPtr stage_next(const CorrectionPtr& correction, Id id, store::Unit& unit);
  void corrected(const CorrectionPtr& correction, const StagedPtr& staged, const StagedPtr& next,
                 store::UnitResult result);
  /// Nothing was stored: the receipt is what it was.
  void undo_correction(const CorrectionPtr& correction);
  void refuse_correction(const CorrectionPtr& correction, store::UnitResult& result);

  // held.cpp
  using Held = std::move_only_function<void(Result<store::MessageRow>)>;
  void find_held(Id held, Held done);
  void accept_instead(store::MessageRow held, AcceptRequest instead, Decision decision,
                      Accepted done);
  void decide_held(const store::MessageRow& held, store::MessageState state, std::string what,
                   Decision decision, Done done);

  // redemption.cpp
  [[nodiscard]] bool can_redeem() const;
  [[nodiscard]] bool offers(std::string_view operation) const;
  /// What happens to a flow between being committed and being watched.
  void watch(const ActivePtr& active, Duration patience, Watched done);
  void tell_watchers(const ActivePtr& active);
  /// The row stands for the end of a redemption's time, not for a call.
  [[nodiscard]] static bool is_timer(const Flow& flow, const Leg& leg);
  void take_lapsed(Target& target, const ActivePtr& active, const store::DueRow& row);

  // accounts.cpp
  struct AccountTask;
  using AccountTaskPtr = std::shared_ptr<AccountTask>;
  struct AccountWork;
  void reserve(const ActivePtr& active, std::uint16_t leg);
  void queue_account(AccountWork work);
  void run_account(const AccountTaskPtr& task);
  /// Asks the loyalty platform by an operation that changes nothing, unless its gate is shut.
  void ask_platform(std::string_view operation, CallItem item, const std::string& correlation_id,
                    std::move_only_function<void(Result<ItemAnswer>)> done);
  /// What the platform says is free of the member's points.
  void ask_free(const std::string& member, const std::string& correlation_id,
                std::move_only_function<void(Result<Points>)> done);
  void read_account(const AccountTaskPtr& task);
  /// Adds up what the account's redemptions take.
  void add_up(const AccountTaskPtr& task);
  void decide_account(const AccountTaskPtr& task);
  void finish_account(const AccountTaskPtr& task);
  /// Shows the flows as they are committed, one after the other.
  void each_committed(std::vector<Id> flows, std::function<void(const Flow&)> look,
                      std::move_only_function<void()> done);

  // balance.cpp
  struct Weighing;
  using WeighingPtr = std::shared_ptr<Weighing>;
  void ask_balance(const WeighingPtr& weighing, Duration patience);
  void heard_balance(const WeighingPtr& weighing);
  void read_balance(const WeighingPtr& weighing);
  void sum_balance(const WeighingPtr& weighing);
  void keep_balance(const WeighingPtr& weighing, Points points);
  /// Notes at the member what it is owed and no row of the due index names, and takes that back.
  void note_owed(Active& active, store::Unit& unit) const;

  // engine.cpp
  /// Applies what somebody wants of a flow, or says that it is in no state for it.
  void order(Id flow, Event event, Done done);
  void enqueue(const ActivePtr& active, Work work);
  /// As `enqueue`, for work that only reads the flow as it is committed.
  void enqueue_read(const ActivePtr& active, std::move_only_function<void()> work);
  /// As `enqueue`, but while other calls of the flow are under way the commit waits a moment for
  /// their answers.
  void enqueue_answer(const ActivePtr& active, Work work);
  void run_next(const ActivePtr& active);
  /// `asked`: when the question left to which the event is the answer.
  [[nodiscard]] bool apply(const ActivePtr& active, Event event, Staged& staged,
                           std::optional<Instant> asked = {});
  void collect(const ActivePtr& active, Transition transition, Staged& staged);
  [[nodiscard]] bool take_directly(const ActivePtr& active, const Action& action, Staged& staged);
  void seal(const ActivePtr& active, Staged& staged);
  static void count_stuck(const Active& active, const FlowSummary& summary, int sign,
                          std::vector<store::CounterAdd>& counters);
  void commit(const ActivePtr& active, const StagedPtr& staged);
  void settle(const ActivePtr& active, Staged& staged, store::UnitResult& result);
  /// The first waiter of an order key that nobody holds becomes due.
  void promote(Target& target, const Hash128& order_key);
  void act(const ActivePtr& active, const Staged& staged);
  void retire(const ActivePtr& active);
  void purge();
  [[nodiscard]] Facts facts_for(const Flow& flow, std::uint16_t leg);
  [[nodiscard]] Instant now();
  void order_legs(std::vector<Leg>& legs) const;
  /// Runs `done` with the flow in memory, null when it does not exist.
  void load(Id flow, std::move_only_function<void(ActivePtr)> done);
  ActivePtr adopt(Flow flow, store::MessageRow message);
  void read(store::Store::Work work, store::Store::Done done);
  std::uint64_t next_position(Partition partition);
  /// Nobody can compute it again: the secret is in this process only.
  [[nodiscard]] Hash128 salt_of(Id flow, std::uint64_t position) const;
  void stop(Fault fault);

  // calls.cpp
  void call(const ActivePtr& active, std::uint16_t leg);
  void ask(const ActivePtr& active, std::uint16_t leg);
  void send(const std::shared_ptr<BatchCall>& batch);
  /// The call or question that the leg's next step would be. Views of the leg.
  [[nodiscard]] static Departure departure_of(const Leg& leg);
  [[nodiscard]] CallItem item_of(const Active& active, const Leg& leg) const;
  void answered(const ActivePtr& active, std::uint16_t leg, Result<ItemAnswer> answer);
  void poll(Target& target);
  using Passed = std::array<std::optional<store::DueRow>, store::lane_count>;
  /// On the data store's side: the due rows behind `passed`, with their flows.
  static void read_due(store::Reader& reader, DuePage& page, store::TargetNumber number,
                       Instant until, std::size_t limit, const Passed& passed);
  void polled(Target& target, DuePage& page);
  /// Takes a row of a page, or leaves it to its gate. False: no slot is free.
  bool take_row(Target& target, DuePage& page, std::size_t index, OpenBatches& batches);
  /// Whether the row's call may leave now; else when it is looked at again.
  bool passes_gate(Target& target, const store::DueRow& row, const Departure& departure,
                   DuePage& page);
  void take_due(Target& target, const ActivePtr& active, const store::DueRow& row,
                std::shared_ptr<BatchCall> batch);
  void wake(Target& target);
  void arm(Target& target, Instant at);
  void release_slot(Target& target);
  [[nodiscard]] Target* target_of(std::string_view name);

  /// The answer to a question that is under way.
  void question_answered(const ActivePtr& active, Event event, Instant asked);

  // restored.cpp
  void survey(const ActivePtr& active, std::uint16_t leg);
  void surveyed(const ActivePtr& active, std::uint16_t leg, const std::string& original_reference,
                Instant asked, Result<std::vector<SurveyEntry>> found);

  // books.cpp
  void claim(const ActivePtr& active, std::uint16_t leg);
  void run_book(const Hash128& key, BusinessDate date);
  void load_book(const std::shared_ptr<BookTask>& task);
  /// By the facts of this flow, as they are committed.
  void judge_by(const std::shared_ptr<BookTask>& task, Id receipt);
  void judge(const std::shared_ptr<BookTask>& task, std::optional<SaleFacts> sale);
  void deliver(const std::shared_ptr<BookTask>& task);
  void save_book(const std::shared_ptr<BookTask>& task);
  void deliver_to(const std::shared_ptr<BookTask>& task, const ActivePtr& active,
                  std::size_t index);
  void finish_book(const std::shared_ptr<BookTask>& task);
  void touch_book(const Flow& flow);

  // links.cpp
  void link(const ActivePtr& active, std::uint16_t leg);
  void run_link(const std::shared_ptr<LinkQueue>& queue);
  void linked(const ActivePtr& active, std::uint16_t leg, std::vector<Candidate> candidates);
  void check_link_done(const ActivePtr& active);

  // replay.cpp
  struct Replay;
  using ReplayPtr = std::shared_ptr<Replay>;
  void adopt_replay(ReplayJob job);
  [[nodiscard]] ReplayPtr new_replay(ReplayRequest request);
  void save_replay(const ReplayPtr& replay, std::move_only_function<void()> done);
  void run_replay(const ReplayPtr& replay);
  void release_for(const ReplayPtr& replay, Id flow);
  void page_done(const ReplayPtr& replay);
  void finish_replay(const ReplayPtr& replay, ReplayState state);
  void adopt_pause(Pause pause);
  [[nodiscard]] bool is_paused(Active& active, const Leg& leg);
  /// A flow whose call ended only after its pause was passed over by that pause's replay.
  void resume_unpaused(const ActivePtr& active);
  [[nodiscard]] bool is_of_region(std::string_view body, const std::string& region) const;
  void take_paused(Target& target, const ActivePtr& active, const store::DueRow& row);
  /// Begins a job whose document is stored, once no leg is on its way into a pause any more: it
  /// would pass such a leg by.
  void begin_replay(const ReplayPtr& replay);

  // service.cpp
  struct ServiceWork {
    AcceptRequest request;
    Points most_a_day;
    Accepted done;
  };
  void run_service_day(const Hash128& key);
  void accept_adjustment(const Hash128& key, ServiceDay day, bool known);

  // records.cpp
  struct RecordTask;
  using RecordTaskPtr = std::shared_ptr<RecordTask>;
  void queue_record(const RecordTaskPtr& task);
  void read_record(const RecordTaskPtr& task);
  void judge_record(const RecordTaskPtr& task);
  void commit_record(const RecordTaskPtr& task);
  void try_record_again(const RecordTaskPtr& task);
  /// Adds the version that the task has judged, and what goes with it, as written by `id`.
  void write_record(RecordTask& task, Id id, store::Unit& unit);
  void finish_record(const RecordTaskPtr& task);

  // waiting_references.cpp
  /// What of the transaction must be known, by the policy of its channel.
  [[nodiscard]] std::vector<std::string> names_to_check(const contract::Transaction& of) const;
  /// Counts what the flow waits for now in place of what it waited for.
  void count_references(const Active& active, Staged& staged);
  void settle_references(const ActivePtr& active, Staged& staged);
  /// What came to be known while the flow was being stored.
  void check_again(const ActivePtr& active);
  /// What waits for the names of this record goes on.
  void release_waiting(const RecordTask& task);

  // profile.cpp
  /// Others must know of what the task has judged.
  [[nodiscard]] bool is_told(const RecordTask& task) const;
  /// Commits the version with the flow that tells them.
  void tell_record(const RecordTaskPtr& task);
  void told_record(const RecordTaskPtr& task, const AcceptAnswer& answer);
  void add_redirects(const RecordTask& task, store::Unit& unit) const;
  /// What an earlier version could not tell is not told any more.
  void drop_moot(Id flow);
  [[nodiscard]] Hash128 redirected(Hash128 order_key) const;

  // programme_versions.cpp
  void keep_programme(Done done);

  // start.cpp
  /// Takes up the last restore, the pauses and the replays that were running.
  [[nodiscard]] Status keep_orders(const std::vector<store::DocumentRow>& documents);
  void recover_targets(std::vector<std::string> names, std::size_t index, Done done);
  void recover_calls(Id after, Done done);
  void recover_books(Hash128 after, Done done);

  runtime::Scheduler& scheduler_;
  store::Store& store_;
  Caller& caller_;
  const Processes& processes_;
  const ledger::Programme& programme_;
  const ledger::ZoneLookup& zones_;
  Parse parse_;
  EngineOptions options_;
  runtime::Random random_;
  std::string salt_secret_;
  std::function<void(Fault)> on_fatal_;
  IdSource ids_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool ready_ = false;
  bool stopped_ = false;
  Restore restore_;
  Instant started_;      ///< when it began, by its own clock
  Instant floor_;        ///< the engine's clock, as it was read last …
  Duration read_at_{0};  ///< … at this monotonic time

  std::unordered_map<Id, ActivePtr> active_;
  std::deque<std::pair<std::uint64_t, Id>> retired_;
  std::map<std::uint64_t, std::size_t> reading_;  ///< epochs in which reads under way began
  std::uint64_t epoch_ = 0;
  std::map<std::string, Target, std::less<>> targets_;
  std::unordered_map<Partition, std::uint64_t> positions_;
  std::unordered_map<Hash128, std::deque<std::move_only_function<void()>>> accepting_;
  /// Days of shops of which the data store knows, a part of them: tenant and shop by date.
  std::map<BusinessDate, std::unordered_set<std::string>> noted_days_;
  std::unordered_set<Id> deciding_;  ///< held messages about which a decision is under way
  std::size_t accepts_ = 0;
  struct SlotWaiter;
  std::uint64_t fingerprints_ = 0;       ///< left since the start
  std::deque<SlotWaiter> slot_waiters_;  ///< by time
  bool slot_timer_armed_ = false;
  std::vector<ActivePtr> lingering_;  ///< answered in part; all run at the next linger timer
  std::size_t calls_ = 0;
  std::int64_t moving_legs_ = 0;

  std::unordered_map<Hash128, std::shared_ptr<BookTask>> books_;
  std::unordered_set<Hash128> pending_books_;
  std::unordered_map<Hash128, AccountTaskPtr> accounts_;
  /// By person and day, in the order in which they came; the first is being decided.
  std::unordered_map<Hash128, std::deque<ServiceWork>> service_days_;
  std::map<std::string, std::shared_ptr<LinkQueue>> links_;
  /// By record, in the order in which they came; the first is being judged.
  std::unordered_map<Hash128, std::deque<RecordTaskPtr>> record_tasks_;
  std::map<std::string, std::int64_t, std::less<>> unresolved_;  ///< flows that wait, by name
  std::unordered_map<Hash128, Hash128> redirects_;               ///< order keys of merged members
  std::map<Id, ReplayPtr> replays_;
  std::map<std::string, Pause> pauses_;
  std::array<std::size_t, pause_kind_count> pauses_of_kind_{};
  std::vector<ReplayJob> stored_replays_;  ///< found running at start
  std::size_t pausing_ = 0;                ///< legs being parked by a pause, not yet committed
  std::vector<ReplayPtr> after_pausing_;   ///< replays that wait for these
};

}  // namespace crossfoot::flow
