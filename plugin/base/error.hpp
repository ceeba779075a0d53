// The numbered errors of both APIs. README.md lists them; a number is never given a second meaning.
#pragma once

#include <string>
#include <utility>

namespace callroom {

enum class ErrorCode : int {
  kInvalidRequest = 400,       // not an object, or no "request" string in it
  kUnknownRequest = 401,       //
  kMissingField = 402,         // a required field is absent
  kInvalidField = 403,         // wrong type, out of range, not in the character set, too long, unknown
  kNoSuchRoom = 404,           //
  kRoomExists = 405,           //
  kRoomFull = 406,             //
  kWrongPin = 407,             //
  kWrongSecret = 408,          // the room's secret
  kWrongAdminKey = 409,        //
  kInvalidToken = 410,         // signed token missing, expired, or not for this room and user
  kUserInRoom = 411,           // this user id is in the room already and takeover was not asked for
  kNotJoined = 412,            // this handle is in no room
  kAlreadyJoined = 413,        // this handle is in a room already
  kNoSuchParticipant = 414,    //
  kMissingJsep = 415,          //
  kInvalidJsep = 416,          // a jsep of the wrong type, or one where none belongs
  kInvalidSdp = 417,           //
  kNoSuchSession = 418,        // unknown session id, or a wrong receive_token
  kWrongMedia = 419,           // the request does not belong to the room's kind of media
  kStaleNegotiation = 420,     // an answer that names no open offer
  kTooManyRequests = 421,      // over the rate of messages per session
  kLimitReached = 422,         // rooms or sessions of this node
  kQueueFull = 423,            // this session has too many requests waiting
  kShuttingDown = 424,         //
  kDatabaseUnavailable = 430,  //
  kNoSuchRow = 431,            //
  kStaleCursor = 432,          //
  kNotAllowed = 433,           //
  kBusy = 434,                 // too many tests running or waiting
  kNoSuchTest = 435,           //
  kNoSuchServer = 436,         //
  kAddressRefused = 437,       // an address that tests must not reach
  kInternal = 499,             //
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string text;  // for people; never holds a secret
};

}  // namespace callroom
