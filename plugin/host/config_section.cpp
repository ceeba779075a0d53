#include "host/config_section.hpp"

#include <algorithm>
#include <charconv>

namespace callroom::host {
namespace {

std::string joined(std::initializer_list<std::string_view> items) {
  std::string text;
  for (const auto item : items) {
    if (!text.empty()) text += ", ";
    text += item;
  }
  return text;
}

}  // namespace

void ConfigSection::complain(const std::string& key, const std::string& what) {
  if (!complaint_) complaint_ = name_ + "." + key + " " + what;
}

std::optional<std::string> ConfigSection::text(const char* key) {
  known_.emplace_back(key);
  if (category_ == nullptr) return std::nullopt;
  const janus_config_item* item = janus_config_get(config_, category_, janus_config_type_item, key);
  if (item == nullptr || item->value == nullptr) return std::nullopt;
  return item->value;
}

std::optional<bool> ConfigSection::flag(const char* key) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  if (*value == "true" || *value == "yes" || *value == "1") return true;
  if (*value == "false" || *value == "no" || *value == "0") return false;
  complain(key, "must be true or false");
  return std::nullopt;
}

std::optional<std::int64_t> ConfigSection::integer(const char* key, std::int64_t least, std::int64_t most) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error == std::errc() && end == value->data() + value->size() && number >= least && number <= most) return number;
  complain(key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return std::nullopt;
}

std::optional<std::size_t> ConfigSection::choice(const char* key, std::initializer_list<std::string_view> allowed) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  const auto it = std::ranges::find(allowed, *value);
  if (it != allowed.end()) return static_cast<std::size_t>(it - allowed.begin());
  complain(key, "must be one of " + joined(allowed));
  return std::nullopt;
}

std::optional<std::vector<std::string>> ConfigSection::words(const char* key,
                                                             std::initializer_list<std::string_view> allowed) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  std::vector<std::string> items(1);
  for (const char c : *value) {
    if (c == ',') {
      items.emplace_back();
    } else if (c != ' ') {
      items.back() += c;
    }
  }
  for (const std::string& item : items) {
    const bool good = allowed.size() == 0 ? !item.empty() : std::ranges::find(allowed, item) != allowed.end();
    if (!good || std::ranges::count(items, item) > 1) {
      complain(key, "must list " + (allowed.size() == 0 ? "names" : "some of " + joined(allowed)) +
                        ", separated by commas, none twice");
      return std::nullopt;
    }
  }
  return items;
}

void ConfigSection::refuse_other_keys() {
  if (category_ == nullptr) return;
  for (GList* at = category_->list; at != nullptr; at = at->next) {
    const auto* item = static_cast<const janus_config_container*>(at->data);
    if (item->name == nullptr) continue;
    if (std::ranges::find(known_, item->name) == known_.end()) complain(item->name, "is not a key that Callroom knows");
  }
}

}  // namespace callroom::host
