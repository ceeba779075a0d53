// What admin requests have in common: which fields they know.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "json/fields.hpp"
#include "json/json.hpp"

namespace callroom::admin {

// The first thing that is wrong with a request: what `fields` found, or a field beside "request" that is not in
// `known`.
std::optional<Error> finish(const json::Fields& fields, json::JsonView request,
                            std::initializer_list<std::string_view> known);

}  // namespace callroom::admin
