// Identifiers that nobody can guess, from the kernel's generator.
#pragma once

#include <string>

namespace callroom::host {

std::string random_uuid();          // RFC 4122 version 4, lower case
std::string random_hex(int bytes);  // 2 characters a byte

}  // namespace callroom::host
