// SPDX-License-Identifier: Apache-2.0
// Gaps, dead letters and clock steps <-> their messages in cx.proto's Body. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/wire/batch_codec.hpp"

namespace cx::v1 {
class Gap;
class DeadLetter;
class ClockStep;
}  // namespace cx::v1

namespace cxedge::wire {

// About what one of them takes.
inline constexpr std::size_t kDeclarationBytes = 64;

// Boot times are written relative to `t0`.
void encode_gap(const Declared<Gap>& gap, std::int64_t t0, cx::v1::Gap& out);
void encode_dead_letter(const Declared<DeadLetter>& dead, std::int64_t t0, cx::v1::DeadLetter& out);
void encode_clock_step(const ClockStep& step, std::int64_t t0, cx::v1::ClockStep& out);

// Relative times count from `t0` and get its base. corrupt: says which field is wrong. A cause that
// is newer than this code is GapCause::unknown.
Result<Declared<Gap>> decode_gap(std::string_view bytes, const SampleTime& t0);
Result<Declared<DeadLetter>> decode_dead_letter(std::string_view bytes, const SampleTime& t0);
Result<ClockStep> decode_clock_step(std::string_view bytes, const SampleTime& t0);

}  // namespace cxedge::wire
