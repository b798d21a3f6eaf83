// SPDX-License-Identifier: Apache-2.0
// The twin's state as a file, {state dir}/twin. Thread: one.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/remote/twin.hpp"

namespace cxedge::remote {

std::string encode_twin(const TwinState& state);
// corrupt: not what encode_twin() wrote.
Result<TwinState> decode_twin(std::string_view bytes);

// A new state when there is no file. corrupt: damaged. unavailable: cannot be read.
Result<TwinState> read_twin(const std::string& path);
Status write_twin(const std::string& path, const TwinState& state);

}  // namespace cxedge::remote
