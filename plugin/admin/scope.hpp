// What admin requests have in common: range, filters, and which fields they know. Pure.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "json/fields.hpp"
#include "json/json.hpp"
#include "storage/scope.hpp"

namespace callroom::admin {

// The first thing that is wrong with a request: what `fields` found, or a field beside "request" that is not in
// `known`.
std::optional<Error> finish(const json::Fields& fields, json::JsonView request,
                            std::initializer_list<std::string_view> known);
// The same for a request that takes range and filters beside `known`.
std::optional<Error> finish_scoped(const json::Fields& fields, json::JsonView request,
                                   std::initializer_list<std::string_view> known);

// range ("24h", "7d", "30d") or from and to. A named range ends with the present hour, so that it begins and ends where
// the rollups' hours do: 24 whole bars, the last one still growing.
storage::Scope parse_range(json::Fields& fields, WallTime now);
// The filters room, user_id, provider, node, rating.
void parse_filters(json::Fields& fields, json::JsonView request, storage::Scope& scope);
// The range and the filters.
storage::Scope parse_scope(json::Fields& fields, json::JsonView request, WallTime now);

}  // namespace callroom::admin
