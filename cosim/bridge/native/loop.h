// loop.h : the kernel's next event, as the bridge may ask for it
// SPDX-License-Identifier: Apache-2.0

#ifndef COSIM_LOOP_H
#define COSIM_LOOP_H

#include <cstdint>

namespace cosim {

// min(next time slot of the model, next VPI deadline) in ps; NEVER where neither exists.
uint64_t next_event_ps();

}  // namespace cosim

#endif
