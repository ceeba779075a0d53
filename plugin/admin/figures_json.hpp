// Figures as the answers have them; the shape is in dispatcher.hpp.
#pragma once

#include "json/json.hpp"
#include "storage/figures.hpp"

namespace callroom::admin {

json::Json figures_json(const storage::Figures& figures);
// What a point of a series has of them: there can be hundreds.
json::Json point_json(const storage::Figures& figures);

}  // namespace callroom::admin
