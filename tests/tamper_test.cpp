// Goal: five hundred seeded tampers of the ERP's and the loyalty platform's own books, in rounds,
// give exactly those breaks, each of the right class; before and after them there is none.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "connector/book_reader.h"
#include "connector/http_caller.h"
#include "contract/transaction_hash.h"
#include "contract/transaction_json.h"
#include "flow/engine/engine.h"
#include "ledger/pricing.h"
#include "ledger/programme_json.h"
#include "ledger/zones.h"
#include "observe/reconciler.h"
#include "process/processes.h"
#include "runtime/asio_scheduler.h"
#include "runtime/files.h"
#include "runtime/random.h"
#include "sandbox/sandbox.h"
#include "sandbox/service.h"
#include "store/sqlite/sqlite_store.h"
#include "store/test_folder.h"

namespace crossfoot {
namespace {

namespace asio = boost::asio;
using contract::LineAction;
using contract::Transaction;
using contract::TransactionKind;

const std::string source_folder = CROSSFOOT_SOURCE_DIR;
const std::string programme_file = source_folder + "/apps/sandbox/programme.example.json";
constexpr std::chrono::seconds patience{60};

BusinessDate day(std::int32_t number) {
  return {parse_business_date("2026-11-20")->days + number};
}

/// A stand-in on HTTP whose books are also at hand directly.
class SandboxHost {
 public:
  using Open = Result<std::unique_ptr<sandbox::System>> (*)(const sandbox::SandboxOptions&);

  SandboxHost(asio::io_context& context, const runtime::Scheduler& clock, Open open)
      : context_(context) {
    sandbox::SandboxOptions options;
    options.data = folder_.file("books");
    options.programme = programme_file;
    auto system = open(options);
    EXPECT_TRUE(system) << system.error().cause;
    system_ = system->get();
    service_.emplace(context, clock, std::move(*system), 1);
    server_.emplace(
        context, runtime::HttpServerLimits{},
        [this](const runtime::HttpRequest& request) { return service_->serve(request); },
        &sandbox::Service::refuse);
    const auto port = server_->listen("127.0.0.1", 0);
    EXPECT_TRUE(port) << port.error().cause;
    url_ = fmt::format("http://127.0.0.1:{}", *port);
  }

  /// Reference → kind of what was damaged.
  std::map<std::string, std::string> tamper(std::uint64_t seed, std::size_t count) {
    const auto reply = system_->tamper(fmt::format(R"({{"seed":{},"count":{}}})", seed, count));
    simdjson::dom::parser parser;
    std::map<std::string, std::string> kinds;
    for (const auto done : parser.parse(reply.body)["tampers"].get_array()) {
      kinds.emplace(std::string(done["reference"].get_string().value()),
                    std::string(done["kind"].get_string().value()));
    }
    return kinds;
  }
  void untamper() { EXPECT_EQ(system_->untamper().status, 200); }
  void stop() {
    service_->stop();
    asio::co_spawn(context_, server_->stop(std::chrono::milliseconds{10}), asio::detached);
  }

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  asio::io_context& context_;
  store::TestFolder folder_;
  sandbox::System* system_ = nullptr;
  std::optional<sandbox::Service> service_;
  std::optional<runtime::HttpServer> server_;
  std::string url_;
};

/// Everything between the channels and the stand-ins, on one thread and a real data store.
class World {
 public:
  World() {
    const auto text = runtime::read_file(programme_file);
    programme_ = ledger::parse_programme(*text).value();
    std::vector<connector::TargetSetup> setups;
    for (const auto& [name, host] : {std::pair{"erp", &erp}, std::pair{"loyalty", &loyalty}}) {
      auto loaded =
          connector::load_pack(source_folder + "/connectors/sandbox-" + std::string(name));
      EXPECT_TRUE(loaded.faults.empty());
      setups.push_back({name, loaded.pack, host->url()});
    }
    targets_ = connector::Targets::create(
                   context_, scheduler_, std::move(setups),
                   [](const connector::SecretReference&) { return Result<std::string>(fail({})); })
                   .value();
    caller_.emplace(scheduler_, *targets_);
    books_.emplace(scheduler_, *targets_);
    store::SqliteOptions options;
    options.path = folder_.file("crossfoot.sqlite");
    options.home = &scheduler_;
    store_ = store::open_sqlite(options).value();
    engine_.emplace(
        scheduler_, *store_, *caller_, processes_, programme_, zones_,
        [](std::string_view body) -> Result<Transaction> {
          return contract::parse_transaction(body, contract::ParsePolicy::stored())->transaction;
        },
        flow::EngineOptions{}, 1, [](const Fault& fault) { ADD_FAILURE() << fault.cause; });
    bool started = false;
    engine_->start({"erp", "loyalty"}, [&started](Status) { started = true; });
    until([&started] { return started; });
    reconciler_.emplace(
        scheduler_, [this] { return store_.get(); }, *books_, programme_, zones_,
        observe::ReconcilerOptions{});
  }

  ~World() {
    reconciler_.reset();
    engine_.reset();
    store_->close();
    store_.reset();
    books_.reset();
    caller_.reset();
    targets_.reset();
    erp.stop();
    loyalty.stop();
    guard_.reset();
    context_.run_for(std::chrono::seconds{2});
  }

  [[nodiscard]] std::string stuck() const {
    if (!engine_) return "the engine does not start";
    const flow::Activity activity = engine_->activity();
    return fmt::format("still {} accepts, {} calls, {} legs, {} flows after a minute",
                       activity.accepts, activity.calls, activity.moving_legs,
                       activity.active_flows);
  }

  template <class Predicate>
  void until(Predicate predicate) {
    const Duration deadline = scheduler_.monotonic() + patience;
    while (!predicate()) {
      context_.run_one_for(patience);
      if (scheduler_.monotonic() > deadline) throw std::runtime_error(stuck());
    }
  }

  flow::AcceptAnswer::Kind accept(const Transaction& transaction) {
    flow::AcceptRequest request;
    request.transaction = std::make_shared<const Transaction>(transaction);
    request.body = std::make_shared<const std::string>(contract::render_transaction(transaction));
    const auto content = contract::transaction_hash(transaction);
    request.content = content.hash;
    request.projection = content.projection;
    std::optional<flow::AcceptAnswer::Kind> kind;
    engine_->accept(std::move(request),
                    [&kind](const flow::AcceptAnswer& answer) { kind = answer.kind; });
    until([&kind] { return kind.has_value(); });
    return *kind;
  }
  /// Until no leg moves. A book may still wait for an original that never comes.
  void settle() {
    until([this] {
      const flow::Activity activity = engine_->activity();
      return activity.accepts == 0 && activity.calls == 0 && activity.moving_legs == 0;
    });
  }

  /// JSON of a finished reconciliation of the period.
  std::string reconcile(BusinessDate from, BusinessDate to) {
    std::optional<std::string> id;
    reconciler_->start_reconciliation(
        {from, to},
        [&id](Result<edge::ReconciliationService::Started> started) { id = started.value().id; });
    until([&id] { return id.has_value(); });
    for (;;) {
      const std::string json = answer([&](auto done) { reconciler_->get(*id, std::move(done)); });
      if (json.find(R"("state":"running")") == std::string::npos) return json;
    }
  }

  /// side|reference|class of every break of a reconciliation.
  std::multiset<std::string> breaks(const std::string& id) {
    std::multiset<std::string> found;
    edge::ReconciliationService::BreakQuery query{.reconciliation = id, .limit = 7};
    simdjson::dom::parser parser;
    for (;;) {
      const std::string json =
          answer([&](auto done) { reconciler_->breaks(query, std::move(done)); });
      const simdjson::dom::element page = parser.parse(json);
      for (const auto item : page["items"].get_array()) {
        std::string_view reference;
        (void)item["reference"].get(reference);
        found.insert(fmt::format("{}|{}|{}", item["side"].get_string().value(), reference,
                                 item["class"].get_string().value()));
        details[std::string(reference)] = simdjson::minify(item);
      }
      std::string_view next;
      if (page["next"].get(next) != simdjson::SUCCESS) return found;
      query.after = next;
    }
  }

  std::map<std::string, std::string> details;  ///< break JSON by reference, for messages

 private:
  template <class Ask>
  std::string answer(Ask ask) {
    std::optional<std::string> text;
    ask([&text](Result<std::string> got) { text = got.value(); });
    until([&text] { return text.has_value(); });
    return *text;
  }

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_{context_.get_executor()};
  runtime::AsioScheduler scheduler_{context_};

 public:
  SandboxHost erp{context_, scheduler_, &sandbox::open_erp};
  SandboxHost loyalty{context_, scheduler_, &sandbox::open_loyalty};

 private:
  store::TestFolder folder_;
  ledger::Programme programme_;
  ledger::SystemZones zones_;
  process::RetailProcesses processes_;
  std::unique_ptr<connector::Targets> targets_;
  std::optional<connector::HttpCaller> caller_;
  std::optional<connector::BookReader> books_;
  std::unique_ptr<store::Store> store_;
  std::optional<flow::Engine> engine_;
  std::optional<observe::Reconciler> reconciler_;
};

struct Shop {
  const char* name;
  const char* currency;
  const char* region;
  contract::TaxMode mode;
  const char* tax_codes[2];
  const char* rates[2];
  bool earns;
};
constexpr Shop shops[] = {
    {"DE-001",
     "EUR",
     "DE",
     contract::TaxMode::inclusive,
     {"DE-STD", "DE-RED"},
     {"0.19", "0.07"},
     true},
    {"DE-002",
     "EUR",
     "DE",
     contract::TaxMode::inclusive,
     {"DE-STD", "DE-RED"},
     {"0.19", "0.07"},
     true},
    {"CH-001",
     "CHF",
     "CH",
     contract::TaxMode::inclusive,
     {"CH-STD", "CH-RED"},
     {"0.081", "0.026"},
     true},
    {"US-001",
     "USD",
     "US",
     contract::TaxMode::exclusive,
     {"US-TX", "US-0"},
     {"0.0825", "0"},
     false},
};

/// A weekend's made-up traffic.
class Traffic {
 public:
  explicit Traffic(std::uint64_t seed) : random_(seed) {}

  Transaction sale() {
    const Shop& shop = shops[random_.below(4)];
    Transaction made = base(shop, TransactionKind::sale, static_cast<std::int32_t>(pick(3)));
    if (shop.earns && pick(5) > 0) {
      made.member = pick(6) == 0 ? "M-GOLD-1" : fmt::format("M-{}", pick(30));
    }
    const std::uint64_t lines = 1 + pick(4);
    for (std::uint64_t i = 0; i < lines; ++i) add_line(made, shop, LineAction::sold);
    if (pick(3) == 0) {
      made.discounts.push_back(
          {Money{static_cast<std::int64_t>(1 + pick(150)), made.currency}, "coupon"});
    }
    const Money due = ledger::price(made).due;
    if (pick(4) == 0 && due.minor > 500) {
      made.tenders.push_back({contract::TenderKind::gift_card, Money{333, made.currency}});
      made.tenders.push_back({contract::TenderKind::card, Money{due.minor - 333, made.currency}});
    }
    return made;
  }

  /// Brings one unit, or the whole, of a line of `sale` back, the day after.
  Transaction return_of(const Transaction& sale, std::size_t index, bool whole) {
    Transaction made = base(shop_of(sale), TransactionKind::return_goods,
                            sale.business_date.days - day(0).days + 1);
    made.member = sale.member;
    add_returned(made, sale, index, whole);
    return made;
  }

  Transaction exchange_of(const Transaction& sale) {
    Transaction made =
        base(shop_of(sale), TransactionKind::exchange, sale.business_date.days - day(0).days + 1);
    made.member = sale.member;
    add_returned(made, sale, 0, false);
    add_line(made, shop_of(sale), LineAction::sold);
    return made;
  }

  Transaction void_of(const Transaction& sale) {
    Transaction made =
        base(shop_of(sale), TransactionKind::void_sale, sale.business_date.days - day(0).days + 1);
    made.original = sale.key;
    return made;
  }

  Transaction adjustment(TransactionKind kind) {
    Transaction made = base(shops[0], kind, static_cast<std::int32_t>(pick(4)));
    const std::uint64_t lines = 1 + pick(3);
    for (std::uint64_t i = 0; i < lines; ++i) {
      add_line(made, shops[0], LineAction::sold);
      made.lines.back().quantity = {-static_cast<std::int64_t>(1 + pick(9)), 0};
      made.lines.back().unit_price = {0, 2};
      made.lines.back().amount = Money{0, made.currency};
      made.lines.back().tax_rate.reset();
      made.lines.back().tax_code.clear();
    }
    return made;
  }

  std::uint64_t pick(std::uint64_t below) { return random_.below(below); }

 private:
  static const Shop& shop_of(const Transaction& transaction) {
    for (const Shop& shop : shops) {
      if (transaction.shop == shop.name) return shop;
    }
    return shops[0];
  }

  Transaction base(const Shop& shop, TransactionKind kind, std::int32_t on) {
    Transaction made;
    made.kind = kind;
    made.shop = shop.name;
    made.region = shop.region;
    made.business_date = day(on);
    made.currency = *find_currency(shop.currency);
    made.tax_mode = shop.mode;
    // A minute apart, so that no two documents are one.
    made.occurred_at = Instant{made.business_date.days * 86'400'000'000 + 36'000'000'000 +
                               static_cast<std::int64_t>(++count_) * 60'000'000};
    made.key.tenant = "default";
    made.key.shop = shop.name;
    made.key.register_name = "1";
    made.key.business_date = made.business_date;
    made.key.sequence = std::to_string(count_);
    return made;
  }

  void add_line(Transaction& to, const Shop& shop, LineAction action) {
    contract::Line line;
    line.number = static_cast<std::uint32_t>(to.lines.size() + 1);
    line.action = action;
    line.article = pick(4) == 0 ? fmt::format("TOY-{}", pick(5)) : fmt::format("A-{}", pick(40));
    line.quantity = {static_cast<std::int64_t>(1 + pick(4)), 0};
    line.unit = "EA";
    line.unit_price = {static_cast<std::int64_t>(199 + pick(4000)), 2};
    line.amount = Money{line.quantity.units * line.unit_price.units, to.currency};
    line.discount = Money{pick(5) == 0 ? 17 : 0, to.currency};
    const std::uint64_t code = pick(2);
    line.tax_code = shop.tax_codes[code];
    line.tax_rate = parse_decimal(shop.rates[code]);
    to.lines.push_back(std::move(line));
  }

  void add_returned(Transaction& to, const Transaction& sale, std::size_t index, bool whole) {
    contract::Line line = sale.lines[index];
    line.number = 1;
    line.action = LineAction::returned;
    if (!whole) line.quantity = {1, 0};
    line.amount = Money{line.quantity.units * line.unit_price.units, to.currency};
    line.discount = Money{0, to.currency};
    line.original = contract::OriginalLine{sale.key, sale.lines[index].number};
    to.lines.push_back(std::move(line));
  }

  runtime::Random random_;
  std::uint64_t count_ = 0;
};

void expect_kind(flow::AcceptAnswer::Kind got, flow::AcceptAnswer::Kind wanted) {
  EXPECT_EQ(static_cast<int>(got), static_cast<int>(wanted));
}

/// Sales first, then what refers to them, so that voids find posted documents.
void trade(World& world) {
  using Kind = flow::AcceptAnswer::Kind;
  Traffic traffic(20'261'121);
  std::vector<Transaction> sales;
  for (int i = 0; i < 150; ++i) {
    sales.push_back(traffic.sale());
    expect_kind(world.accept(sales.back()), Kind::accepted);
  }
  world.settle();
  for (std::size_t i = 0; i < 30; ++i) {
    const Transaction& sale = sales[i];
    const std::size_t line = traffic.pick(sale.lines.size());
    expect_kind(world.accept(traffic.return_of(sale, line, false)), Kind::accepted);
    // The rest of the line, as far as there is one: the second takes the next units.
    if (sale.lines[line].quantity.units < 2) continue;
    expect_kind(world.accept(traffic.return_of(sale, line, false)), Kind::accepted);
  }
  for (std::size_t i = 30; i < 45; ++i) {
    expect_kind(world.accept(traffic.exchange_of(sales[i])), Kind::accepted);
  }
  world.settle();
  for (std::size_t i = 25; i < 50; ++i) {
    expect_kind(world.accept(traffic.void_of(sales[i])), Kind::accepted);
  }
  for (int i = 0; i < 8; ++i) {
    expect_kind(world.accept(traffic.adjustment(TransactionKind::stock_adjustment)),
                Kind::accepted);
  }
  // What waits for a person is explained, never a break.
  expect_kind(world.accept(traffic.adjustment(TransactionKind::accounting_adjustment)),
              Kind::accepted);
  expect_kind(world.accept(traffic.return_of(traffic.sale(), 0, true)), Kind::accepted);
  Transaction conflicting = sales[60];
  conflicting.lines[0].article = "OTHER";
  expect_kind(world.accept(conflicting), Kind::held);
  world.settle();
}

std::string class_of(const std::string& kind) {
  static const std::map<std::string, std::string> classes{
      {"delete", "missing"},        {"duplicate", "duplicate"},   {"minor_plus", "amount"},
      {"minor_minus", "amount"},    {"other_tax_code", "amount"}, {"point_plus", "rate"},
      {"point_minus", "rate"},      {"other_day", "timing"},      {"other_shop", "ownership"},
      {"other_member", "ownership"}};
  return classes.at(kind);
}

class Counts {
 public:
  explicit Counts(const std::string& json) : root_(parser_.parse(json)), json_(json) {}

  std::int64_t operator[](std::string_view pointer) {
    return root_.at_pointer(pointer).get_int64().value();
  }
  std::string text(std::string_view pointer) {
    return std::string(root_.at_pointer(pointer).get_string().value());
  }
  [[nodiscard]] const std::string& json() const { return json_; }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  std::string json_;
};

void expect_clean(World& world) {
  Counts counts(world.reconcile(day(0), day(4)));
  EXPECT_EQ(counts.text("/state"), "done") << counts.json();
  EXPECT_EQ(counts["/items/break"], 0) << counts.json();
  EXPECT_EQ(counts["/items/unverified"], 0) << counts.json();
  EXPECT_EQ(counts["/items/in_flight"], 0) << counts.json();
  EXPECT_GT(counts["/items/agreed"], 300) << counts.json();
  EXPECT_GE(counts["/items/explained"], 3) << counts.json();
  EXPECT_EQ(counts["/control/different"], 0) << counts.json();
  EXPECT_EQ(counts["/points/crossfoot"], counts["/points/loyalty"]) << counts.json();
  for (const std::string& found : world.breaks(counts.text("/id"))) {
    ADD_FAILURE() << found << "\n" << world.details[found.substr(found.find('|') + 1, 20)];
  }
}

TEST(Tamper, FiveHundredTampersGiveExactlyTheirBreaks) {
  World world;
  trade(world);
  expect_clean(world);
  constexpr std::size_t rounds = 10;
  constexpr std::size_t per_book = 25;
  std::size_t tampers = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    std::multiset<std::string> wanted;
    for (const auto& [reference, kind] : world.erp.tamper(100 + round, per_book)) {
      wanted.insert(fmt::format("erp|{}|{}", reference, class_of(kind)));
    }
    for (const auto& [reference, kind] : world.loyalty.tamper(200 + round, per_book)) {
      wanted.insert(fmt::format("loyalty|{}|{}", reference, class_of(kind)));
    }
    ASSERT_EQ(wanted.size(), 2 * per_book);
    tampers += wanted.size();
    Counts counts(world.reconcile(day(0), day(4)));
    const auto found = world.breaks(counts.text("/id"));
    EXPECT_EQ(found, wanted) << "round " << round;
    EXPECT_EQ(static_cast<std::size_t>(counts["/items/break"]), wanted.size()) << counts.json();
    EXPECT_GT(counts["/control/different"], 0);
    world.erp.untamper();
    world.loyalty.untamper();
  }
  EXPECT_EQ(tampers, 500U);
  expect_clean(world);
}

}  // namespace
}  // namespace crossfoot
