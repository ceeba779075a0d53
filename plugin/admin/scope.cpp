#include "admin/scope.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "storage/figures.hpp"

namespace callroom::admin {
namespace {

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

storage::Scope parse_range(json::Fields& fields, WallTime now) {
  storage::Scope scope;
  const auto named = fields.choice("range", {"24h", "7d", "30d"});
  const auto from = fields.time("from");
  const auto to = fields.time("to");
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

void parse_filters(json::Fields& fields, json::JsonView request, storage::Scope& scope) {
  scope.room = fields.id("room");
  scope.user_id = fields.id("user_id");
  scope.provider = fields.text("provider", 32);
  scope.node = fields.text("node", 255);
  parse_ratings(fields, request, scope);
}

storage::Scope parse_scope(json::Fields& fields, json::JsonView request, WallTime now) {
  storage::Scope scope = parse_range(fields, now);
  parse_filters(fields, request, scope);
  return scope;
}

}  // namespace callroom::admin
