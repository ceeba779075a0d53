#include "admin/scope.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "storage/figures.hpp"

namespace callroom::admin {
namespace {

constexpr std::size_t kMaxTimeText = 40;
constexpr auto kLongestRange = std::chrono::days(400);
constexpr std::array kNamedRanges = {std::chrono::hours(24), std::chrono::hours(7 * 24), std::chrono::hours(30 * 24)};

constexpr std::array<std::string_view, 8> kScopeFields = {"range",   "from",     "to",   "room",
                                                          "user_id", "provider", "node", "rating"};

std::optional<Error> first_unknown(json::JsonView request, std::initializer_list<std::string_view> known, bool scoped) {
  const char* name = nullptr;
  json_t* value = nullptr;
  json_object_foreach(request.get(), name, value) {
    const std::string_view field = name;
    if (field == "request" || std::ranges::find(known, field) != known.end()) continue;
    if (scoped && std::ranges::find(kScopeFields, field) != kScopeFields.end()) continue;
    return Error{ErrorCode::kInvalidField, "unknown field \"" + std::string(field.substr(0, 64)) + "\""};
  }
  return std::nullopt;
}

// Reads fixed-width numbers and separators from left to right; the first misfit makes it fail.
class TimeText {
 public:
  explicit TimeText(std::string_view text) : text_(text) {}

  int number(std::size_t digits, int least, int most) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_.empty() || text_.front() < '0' || text_.front() > '9') return fail();
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return value >= least && value <= most ? value : fail();
  }
  char one_of(std::string_view allowed) {
    if (text_.empty() || allowed.find(text_.front()) == std::string_view::npos) return static_cast<char>(fail());
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  // Digits after a point, as microseconds; further ones are dropped.
  int fraction_us() {
    if (text_.empty() || text_.front() != '.') return 0;
    text_.remove_prefix(1);
    int value = 0, digits = 0;
    for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; ++digits) {
      if (digits < 6) value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    if (digits == 0) return fail();
    for (; digits < 6; ++digits) value *= 10;
    return value;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return text_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view text_;
  bool ok_ = true;
};

std::optional<WallTime> time_field(json::Fields& fields, const char* name) {
  const auto text = fields.text(name, kMaxTimeText);
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time) fields.fail(ErrorCode::kInvalidField, std::string(name) + " must be a time such as 2026-11-22T17:42:24Z");
  return time;
}

void parse_ratings(json::Fields& fields, json::JsonView request, storage::Scope& scope) {
  const auto known = [](std::string_view name) {
    return std::ranges::find(storage::kRatingNames, name) != storage::kRatingNames.end();
  };
  const json::JsonView value = request["rating"];
  if (!value || value.is_null()) return;
  bool good = value.is_string() || (value.is_array() && value.size() >= 1 && value.size() <= storage::kRatings);
  for (std::size_t i = 0; good && i < (value.is_array() ? value.size() : 1); ++i) {
    const auto name = (value.is_array() ? value.at(i) : value).string();
    good = name && known(*name);
    if (good) scope.ratings.emplace_back(*name);
  }
  if (!good) {
    fields.fail(ErrorCode::kInvalidField,
                "rating must be excellent, good, fair, poor, failed or unrated, or an array of them");
  }
}

}  // namespace

std::optional<Error> finish(const json::Fields& fields, json::JsonView request,
                            std::initializer_list<std::string_view> known) {
  return fields.error() ? fields.error() : first_unknown(request, known, false);
}

std::optional<Error> finish_scoped(const json::Fields& fields, json::JsonView request,
                                   std::initializer_list<std::string_view> known) {
  return fields.error() ? fields.error() : first_unknown(request, known, true);
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  TimeText in(text);
  // One statement for each part: within an expression the order of reading would be the compiler's choice.
  const year y(in.number(4, 2000, 2199));
  in.one_of("-");
  const month m(static_cast<unsigned>(in.number(2, 1, 12)));
  in.one_of("-");
  const day d(static_cast<unsigned>(in.number(2, 1, 31)));
  in.one_of("Tt ");
  auto clock = std::chrono::duration_cast<seconds>(hours(in.number(2, 0, 23)));
  in.one_of(":");
  clock += minutes(in.number(2, 0, 59));
  in.one_of(":");
  clock += seconds(in.number(2, 0, 60));
  const auto fraction = microseconds(in.fraction_us());
  const char zone = in.one_of("Zz+-");
  minutes offset(0);
  if (zone == '+' || zone == '-') {
    offset = hours(in.number(2, 0, 23));
    in.one_of(":");
    offset += minutes(in.number(2, 0, 59));
    if (zone == '-') offset = -offset;
  }
  const year_month_day date(y, m, d);
  if (!in.ok() || !in.at_end() || !date.ok()) return std::nullopt;
  return WallTime(sys_days(date).time_since_epoch() + clock + fraction - offset);
}

storage::Scope parse_range(json::Fields& fields, WallTime now) {
  storage::Scope scope;
  const auto named = fields.choice("range", {"24h", "7d", "30d"});
  const auto from = time_field(fields, "from");
  const auto to = time_field(fields, "to");
  if (named && (from || to)) fields.fail(ErrorCode::kInvalidField, "range excludes from and to");
  if (from.has_value() != to.has_value() && !fields.error()) {
    fields.fail(ErrorCode::kMissingField, from ? "to is missing" : "from is missing");
  }
  if (from && to) {
    scope.from = *from;
    scope.to = *to;
    if (*from >= *to) fields.fail(ErrorCode::kInvalidField, "from must be before to");
    if (*to - *from > kLongestRange) fields.fail(ErrorCode::kInvalidField, "from and to must lie within 400 days");
    return scope;
  }
  scope.to = std::chrono::floor<std::chrono::hours>(now) + std::chrono::hours(1);
  scope.from = scope.to - kNamedRanges[named.value_or(0)];
  return scope;
}

storage::Scope parse_scope(json::Fields& fields, json::JsonView request, WallTime now) {
  storage::Scope scope = parse_range(fields, now);
  scope.room = fields.id("room");
  scope.user_id = fields.id("user_id");
  scope.provider = fields.text("provider", 32);
  scope.node = fields.text("node", 255);
  parse_ratings(fields, request, scope);
  return scope;
}

}  // namespace callroom::admin
