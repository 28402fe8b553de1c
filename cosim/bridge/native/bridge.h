// bridge.h : what the simulation loop and the circuits' side of the bridge know of each other
// SPDX-License-Identifier: Apache-2.0
//
// The loop owns time. After everything of a time step has run (ReadOnly callbacks included) no event
// can appear before `next_event_ps`, so circuits may move that far. They do so in a hook, which runs
// only when a watched signal has changed or a circuit is still moving; it returns the time at which
// the loop must stop for it, and the levels it asked for are written when that time step begins.

#ifndef COSIM_BRIDGE_H
#define COSIM_BRIDGE_H

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace cosim {

constexpr uint64_t NEVER = ~static_cast<uint64_t>(0);

// Runs circuits from `now` to at most `next` (NEVER: nothing is planned). Returns where the loop must
// stop, NEVER when every circuit sleeps.
using Hook = uint64_t (*)(uint64_t now_ps, uint64_t next_ps);

struct Signal {
    uint8_t* data;               // the model's own storage
    std::vector<uint8_t> last;   // as the hook saw it
    bool watched;                // a change wakes the hook
};

struct Put {
    uint64_t t_ps;
    int signal;
    unsigned bit;
    bool level;
};

class Bridge {
public:
    // Index of a published signal; -1 where there is none of that name.
    int bind(const std::string& scope, const std::string& name, bool watched);
    int bytes(int signal) const { return static_cast<int>(m_signals[signal].last.size()); }
    const uint8_t* value(int signal) const { return m_signals[signal].data; }
    // No hook: nobody is bound any more, every signal is forgotten.
    void hook(Hook hook) {
        if (!hook) {
            m_signals.clear();
            m_puts.clear();
            gate(-1);
        }
        m_hook = hook;
        m_awake = true;  // it says itself when its circuits sleep
    }
    // A promise: nobody waits for a change of any signal but this one, so while it stands still the
    // loop need not ask VPI. -1 takes it back.
    void gate(int signal) {
        m_gate = signal;
        m_gate_byte = gated() && bytes(signal) == 1 ? m_signals[signal].data : nullptr;
        if (m_gate_byte) m_gate_level = *m_gate_byte;
    }
    bool gated() const { return m_gate >= 0; }
    // Whether VPI's value-change callbacks may be left alone in this step.
    bool gate_shut() {
        if (m_gate_byte) {  // the common case, and asked in every step: one load and one compare
            const bool shut = *m_gate_byte == m_gate_level;
            m_gate_level = *m_gate_byte;
            return shut;
        }
        if (m_gate < 0) return false;
        Signal& gate = m_signals[m_gate];
        if (std::memcmp(gate.data, gate.last.data(), gate.last.size()) == 0) return true;
        std::memcpy(gate.last.data(), gate.data, gate.last.size());
        return false;
    }
    // Whether the gate, a byte, has moved since `gate_shut` was asked last.
    bool gate_moved() const { return *m_gate_byte != m_gate_level; }
    // Whether only a movement of the gate can give anybody something to do.
    bool quiet() const { return m_gate_byte && !m_hook && m_puts.empty(); }
    void put(const Put& put) { m_puts.push_back(put); }

    // Whether a circuit moves, or must be told of a change.
    bool due() { return m_hook && (changed() || m_awake); }
    // The step at `now` is complete and the model's next event is at `next`.
    uint64_t look_ahead(uint64_t now_ps, uint64_t next_ps) {
        const uint64_t stop_ps = m_hook(now_ps, next_ps);
        m_called = true;
        m_awake = stop_ps != NEVER;
        return stop_ps < next_ps ? stop_ps : next_ps;
    }
    // Writes every level due at `now`; true if there was one.
    bool apply(uint64_t now_ps);
    bool pending() const { return !m_puts.empty(); }
    // Whether the hook ran since the last question: it may have registered VPI callbacks.
    bool take_called() {
        const bool called = m_called;
        m_called = false;
        return called;
    }

private:
    bool changed();

    std::vector<Signal> m_signals;
    std::vector<Put> m_puts;
    Hook m_hook = nullptr;
    int m_gate = -1;
    const uint8_t* m_gate_byte = nullptr;  // its storage if it is one byte
    uint8_t m_gate_level = 0;
    bool m_awake = false;
    bool m_called = false;
};

inline Bridge s_bridge;
inline Bridge& bridge() { return s_bridge; }

}  // namespace cosim

#endif
