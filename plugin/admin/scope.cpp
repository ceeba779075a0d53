#include "admin/scope.hpp"

#include <algorithm>
#include <string>

namespace callroom::admin {

std::optional<Error> finish(const json::Fields& fields, json::JsonView request,
                            std::initializer_list<std::string_view> known) {
  if (fields.error()) return fields.error();
  const char* name = nullptr;
  json_t* value = nullptr;
  json_object_foreach(request.get(), name, value) {
    const std::string_view field = name;
    if (field == "request" || std::ranges::find(known, field) != known.end()) continue;
    return Error{ErrorCode::kInvalidField, "unknown field \"" + std::string(field.substr(0, 64)) + "\""};
  }
  return std::nullopt;
}

}  // namespace callroom::admin
