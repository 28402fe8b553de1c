// bridge.cpp : lets Python reach signals, the kernel's next event and the end of a time step
// SPDX-License-Identifier: Apache-2.0
//
// Every function named cosim_* is exported by the simulator program and called with ctypes.

#include "bridge.h"

#include <algorithm>
#include <cstring>

#include "loop.h"
#include "verilated.h"
#include "verilated_sym_props.h"
#include "verilated_syms.h"

namespace cosim {

int Bridge::bind(const std::string& scope, const std::string& name, bool watched) {
    const auto find = [&name](const std::string& in) -> VerilatedVar* {
        const VerilatedScope* const scopep = Verilated::threadContextp()->scopeFind(in.c_str());
        return scopep ? scopep->varFind(name.c_str()) : nullptr;
    };
    // A port of the top module is a variable of the scope TOP; the module only keeps a copy of it.
    VerilatedVar* varp = scope.find('.') == std::string::npos ? find("TOP") : nullptr;
    if (!varp) varp = find(scope);
    if (!varp || varp->totalSize() == 0) return -1;
    Signal signal;
    signal.data = static_cast<uint8_t*>(varp->datap());
    signal.last.assign(signal.data, signal.data + varp->totalSize());
    signal.watched = watched;
    m_signals.push_back(std::move(signal));
    return static_cast<int>(m_signals.size()) - 1;
}

bool Bridge::changed() {
    bool any = false;
    for (Signal& signal : m_signals) {
        if (!signal.watched) continue;
        if (std::memcmp(signal.data, signal.last.data(), signal.last.size()) == 0) continue;
        std::memcpy(signal.last.data(), signal.data, signal.last.size());
        any = true;
    }
    return any;
}

bool Bridge::apply(uint64_t now_ps) {
    bool any = false;
    for (const Put& put : m_puts) {
        if (put.t_ps > now_ps) continue;
        // Verilator keeps bits in little-endian words of 1, 2, 4 or 8 bytes, so in plain bytes too.
        uint8_t& byte = m_signals[put.signal].data[put.bit / 8];
        const uint8_t mask = static_cast<uint8_t>(1U << (put.bit % 8));
        byte = put.level ? byte | mask : byte & static_cast<uint8_t>(~mask);
        any = true;
    }
    if (any) {
        m_puts.erase(std::remove_if(m_puts.begin(), m_puts.end(),
                                    [now_ps](const Put& put) { return put.t_ps <= now_ps; }),
                     m_puts.end());
    }
    return any;
}

}  // namespace cosim

extern "C" {

// The largest safe step from a ReadOnly phase: the time of the model's next event or VPI deadline.
uint64_t cosim_next_event_ps(void) { return cosim::next_event_ps(); }

int cosim_bind(const char* scope, const char* name, int watched) {
    return cosim::bridge().bind(scope, name, watched != 0);
}

int cosim_bytes(int signal) { return cosim::bridge().bytes(signal); }

const void* cosim_value(int signal) { return cosim::bridge().value(signal); }

void cosim_hook(cosim::Hook hook) { cosim::bridge().hook(hook); }

void cosim_gate(int signal) { cosim::bridge().gate(signal); }

void cosim_put(uint64_t t_ps, int signal, unsigned bit, int level) {
    cosim::bridge().put({t_ps, signal, bit, level != 0});
}
}
