#include "host/handle.hpp"

#include "host/call_session.hpp"

namespace callroom::host {

Handle::~Handle() {
  janus_refcount_decrease_nodebug(&core_session->ref);
}

}  // namespace callroom::host
