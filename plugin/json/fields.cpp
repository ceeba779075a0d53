#include "json/fields.hpp"

#include <algorithm>
#include <cmath>

#include "base/rfc3339.hpp"
#include "base/text.hpp"

namespace callroom::json {
namespace {

constexpr std::size_t kMaxTimeText = 40;

std::string quoted_list(std::initializer_list<std::string_view> items) {
  std::string text;
  for (const auto item : items) {
    if (!text.empty()) text += ", ";
    text += item;
  }
  return text;
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else if (c != ' ') {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

JsonView Fields::present(const char* name) const {
  const JsonView value = object_[name];
  return value.is_null() ? JsonView() : value;
}

void Fields::fail(ErrorCode code, std::string text) {
  if (!error_) error_ = Error{code, std::move(text)};
}

std::optional<std::string> Fields::text(const char* name, std::size_t max_bytes) {
  const JsonView value = present(name);
  if (!value) return std::nullopt;
  const auto text = value.string();
  if (!text) {
    fail(ErrorCode::kInvalidField, std::string(name) + " must be a string");
    return std::nullopt;
  }
  if (text->size() > max_bytes || !is_plain_text(*text)) {
    fail(ErrorCode::kInvalidField,
         std::string(name) + " must be at most " + std::to_string(max_bytes) + " bytes, without control characters");
    return std::nullopt;
  }
  return std::string(*text);
}

std::optional<bool> Fields::flag(const char* name) {
  const JsonView value = present(name);
  if (!value) return std::nullopt;
  const auto flag = value.boolean();
  if (!flag) fail(ErrorCode::kInvalidField, std::string(name) + " must be true or false");
  return flag;
}

std::optional<std::int64_t> Fields::integer(const char* name, std::int64_t least, std::int64_t most) {
  const JsonView value = present(name);
  if (!value) return std::nullopt;
  const auto number = value.integer();
  if (number && *number >= least && *number <= most) return number;
  fail(ErrorCode::kInvalidField,
       std::string(name) + " must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<double> Fields::number(const char* name) {
  const JsonView value = present(name);
  if (!value) return std::nullopt;
  const auto number = value.number();
  if (number && std::isfinite(*number)) return number;
  fail(ErrorCode::kInvalidField, std::string(name) + " must be a number");
  return std::nullopt;
}

std::optional<std::string> Fields::id(const char* name) {
  const JsonView value = present(name);
  if (!value) return std::nullopt;
  const auto text = value.string();
  if (text && is_valid_id(*text)) return std::string(*text);
  fail(ErrorCode::kInvalidField, std::string(name) + " must be a string of 1 to 64 printable ASCII characters");
  return std::nullopt;
}

std::optional<std::size_t> Fields::choice(const char* name, std::initializer_list<std::string_view> allowed) {
  const JsonView value = present(name);
  if (!value) return std::nullopt;
  if (const auto text = value.string()) {
    const auto it = std::ranges::find(allowed, *text);
    if (it != allowed.end()) return static_cast<std::size_t>(it - allowed.begin());
  }
  fail(ErrorCode::kInvalidField, std::string(name) + " must be one of " + quoted_list(allowed));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Fields::choices(const char* name,
                                                        std::initializer_list<std::string_view> allowed) {
  const JsonView value = present(name);
  if (!value) return std::nullopt;
  std::vector<std::string> items;
  if (const auto text = value.string(); text && text->size() <= 128) {
    items = split_at_commas(*text);
  } else if (value.is_array() && value.size() <= allowed.size()) {
    for (std::size_t i = 0; i < value.size(); ++i) items.emplace_back(value.at(i).string().value_or(""));
  }
  bool good = !items.empty();
  for (std::size_t i = 0; i < items.size(); ++i) {
    good = good && std::ranges::find(allowed, items[i]) != allowed.end() &&
           std::find(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(i), items[i]) ==
               items.begin() + static_cast<std::ptrdiff_t>(i);
  }
  if (good) return items;
  fail(ErrorCode::kInvalidField, std::string(name) + " must list some of " + quoted_list(allowed) + ", none twice");
  return std::nullopt;
}

std::optional<WallTime> Fields::time(const char* name) {
  const auto text = this->text(name, kMaxTimeText);
  if (!text) return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (!time) fail(ErrorCode::kInvalidField, std::string(name) + " must be a time such as 2026-11-22T17:42:24Z");
  return time;
}

std::optional<std::string> Fields::object_text(const char* name, std::size_t max_bytes) {
  const JsonView value = present(name);
  if (!value) return std::nullopt;
  return object_text(name, value, max_bytes);
}

std::optional<std::string> Fields::object_text(const char* name, JsonView value, std::size_t max_bytes) {
  if (value.is_object()) {
    std::string text = Json::share(value.get()).dump();
    if (text.size() <= max_bytes) return text;
  }
  fail(ErrorCode::kInvalidField,
       std::string(name) + " must be an object of at most " + std::to_string(max_bytes) + " bytes");
  return std::nullopt;
}

std::string Fields::required_id(const char* name) {
  if (!present(name)) fail(ErrorCode::kMissingField, std::string(name) + " is missing");
  return id(name).value_or("");
}

std::string Fields::required_text(const char* name, std::size_t max_bytes) {
  if (!present(name)) fail(ErrorCode::kMissingField, std::string(name) + " is missing");
  return text(name, max_bytes).value_or("");
}

std::int64_t Fields::required_integer(const char* name, std::int64_t least, std::int64_t most) {
  if (!present(name)) fail(ErrorCode::kMissingField, std::string(name) + " is missing");
  return integer(name, least, most).value_or(0);
}

}  // namespace callroom::json
