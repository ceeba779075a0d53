// The Janus headers, as C++ can take them: none of them carries extern "C", and what they include must not be inside
// it.
#pragma once

#include <glib.h>
#include <jansson.h>
#include <pthread.h>

#include <cerrno>
#include <ctime>
#include <type_traits>

extern "C" {
#include <config.h>
#include <debug.h>
#include <plugins/plugin.h>
#include <rtcp.h>
#include <rtp.h>
#include <sdp-utils.h>
#include <utils.h>
}
