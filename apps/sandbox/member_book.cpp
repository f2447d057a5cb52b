#include "sandbox/member_book.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"

namespace crossfoot::sandbox {

namespace {

constexpr std::uint64_t change_version = 1;
constexpr Duration key_lifetime{std::chrono::hours{24}};
/// Merges that follow one another; more would be a circle.
constexpr int merges_max = 100;

void write(ByteWriter& out, const MemberChange& change) {
  out.u64(change_version);
  out.u64(change.seq);
  out.enumerator(change.type);
  for (const std::string* text :
       {&change.reference, &change.member, &change.into, &change.name, &change.email, &change.phone,
        &change.language, &change.status, &change.consents, &change.key}) {
    out.text(*text);
  }
  out.u64(change.fingerprint);
  out.instant(change.at);
}

std::optional<MemberChange> read(std::string_view record) {
  ByteReader in(record);
  MemberChange change;
  if (in.u64() != change_version) return std::nullopt;
  change.seq = in.u64();
  change.type = in.enumerator(MemberChangeType::erase);
  for (std::string* text :
       {&change.reference, &change.member, &change.into, &change.name, &change.email, &change.phone,
        &change.language, &change.status, &change.consents, &change.key}) {
    *text = in.text();
  }
  change.fingerprint = in.u64();
  change.at = in.instant();
  if (in.failed() || !in.at_end()) return std::nullopt;
  return change;
}

}  // namespace

std::string MemberChange::id() const {
  return fmt::format("M-{:010}", seq);
}

Result<std::unique_ptr<MemberBook>> MemberBook::open(const std::string& directory) {
  auto book = std::make_unique<MemberBook>();
  auto log = BookLog::open(directory, "members",
                           [&](std::string_view record) { return book->replay(record); });
  if (!log) return fail(std::move(log.error()));
  book->log_ = std::move(*log);
  return book;
}

bool MemberBook::replay(std::string_view record) {
  auto change = read(record);
  if (!change || change->seq != changes_.size() + 1) return false;
  apply(std::move(*change));
  return true;
}

std::optional<Refusal> MemberBook::check(const MemberChange& change) const {
  if (change.type == MemberChangeType::merge && survivor(change.into) == change.member) {
    return Refusal{"merge_into_itself", "the member would be merged into itself"};
  }
  if (change.type == MemberChangeType::unmerge) {
    const Member* member = find(change.member);
    if (member == nullptr || member->merged_into.empty()) {
      return Refusal{"not_merged", "the member is merged into nobody"};
    }
  }
  return std::nullopt;
}

Result<const MemberChange*> MemberBook::post(MemberChange change) {
  change.seq = changes_.size() + 1;
  ByteWriter out;
  write(out, change);
  log_.add(out.view());
  if (auto written = log_.commit(); !written) return fail(written.error());
  apply(std::move(change));
  return changes_.back().get();
}

void MemberBook::apply(MemberChange change) {
  changes_.push_back(std::make_unique<MemberChange>(std::move(change)));
  const MemberChange& made = *changes_.back();
  references_.emplace(made.reference, &made);
  if (!made.key.empty()) keys_[made.key] = &made;
  Member& member = members_[made.member];
  ++member.changes;
  switch (made.type) {
    case MemberChangeType::put:
      member.name = made.name;
      member.email = made.email;
      member.phone = made.phone;
      member.language = made.language;
      member.consents = made.consents;
      member.status = made.status;
      return;
    case MemberChangeType::merge:
      member.merged_into = made.into;
      member.status = "merged";
      members_.try_emplace(made.into);
      return;
    case MemberChangeType::unmerge:
      member.merged_into.clear();
      member.status = "active";
      return;
    case MemberChangeType::erase: {
      // Its points stay in the books; who it was does not.
      Member erased;
      erased.status = "erased";
      erased.merged_into = member.merged_into;
      erased.changes = member.changes;
      member = std::move(erased);
      return;
    }
  }
}

const MemberChange* MemberBook::remembered(const std::string& key, Instant now) const {
  const auto found = keys_.find(key);
  if (found == keys_.end() || now - found->second->at >= key_lifetime) return nullptr;
  return found->second;
}

std::vector<const MemberChange*> MemberBook::by_reference(const std::string& reference) const {
  std::vector<const MemberChange*> found;
  const auto [first, last] = references_.equal_range(reference);
  for (auto at = first; at != last; ++at) found.push_back(at->second);
  std::ranges::sort(found, {}, &MemberChange::seq);
  return found;
}

const Member* MemberBook::find(const std::string& member) const {
  const auto found = members_.find(member);
  return found == members_.end() ? nullptr : &found->second;
}

std::string MemberBook::survivor(std::string member) const {
  for (int steps = 0; steps < merges_max; ++steps) {
    const Member* known = find(member);
    if (known == nullptr || known->merged_into.empty()) break;
    member = known->merged_into;
  }
  return member;
}

std::vector<std::string> MemberBook::accounts(const std::string& member) const {
  std::vector<std::string> all{member};
  for (const auto& [name, known] : members_) {
    if (name != member && !known.merged_into.empty() && survivor(name) == member) {
      all.push_back(name);
    }
  }
  return all;
}

Status MemberBook::clear() {
  if (auto cleared = log_.clear(); !cleared) return cleared;
  changes_.clear();
  members_.clear();
  keys_.clear();
  references_.clear();
  return {};
}

}  // namespace crossfoot::sandbox
