// stopwatch.h : wall time that a run spends in callbacks: Python and everything Python calls
// SPDX-License-Identifier: Apache-2.0

#ifndef COSIM_STOPWATCH_H
#define COSIM_STOPWATCH_H

#include <chrono>

namespace cosim {

class Stopwatch {
public:
    // Measures its own life; `wanted` false: costs nothing and counts nothing.
    class Lap {
    public:
        explicit Lap(bool wanted);
        ~Lap();
        Lap(const Lap&) = delete;
        Lap& operator=(const Lap&) = delete;

    private:
        bool m_wanted;
    };

    // So far, the lap under way included.
    double seconds() const {
        return m_running ? m_seconds + since(m_begin) : m_seconds;
    }

private:
    using Clock = std::chrono::steady_clock;
    static double since(Clock::time_point begin) {
        return std::chrono::duration<double>(Clock::now() - begin).count();
    }

    Clock::time_point m_begin;
    double m_seconds = 0.0;
    bool m_running = false;
};

inline Stopwatch s_stopwatch;
inline Stopwatch& stopwatch() { return s_stopwatch; }

inline Stopwatch::Lap::Lap(bool wanted) : m_wanted{wanted} {
    if (!m_wanted) return;
    s_stopwatch.m_begin = Clock::now();
    s_stopwatch.m_running = true;
}

inline Stopwatch::Lap::~Lap() {
    if (!m_wanted) return;
    s_stopwatch.m_seconds += since(s_stopwatch.m_begin);
    s_stopwatch.m_running = false;
}

}  // namespace cosim

#endif
