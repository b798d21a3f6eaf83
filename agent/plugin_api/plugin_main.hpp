// SPDX-License-Identifier: Apache-2.0
// The main function of a plugin that runs in a process of its own (see LINK.md).
#pragma once

#include <memory>

#include "agent/plugin_api/source.hpp"

namespace cxedge {

// Serves one source over the SEQPACKET socket that cxedged passes as descriptor 3, until cxedged
// says stop or goes away. Returns the process's exit status: 0 asked to stop, 64 no agent on
// descriptor 3, 65 wrong settings, 69 start failed, 70 the link broke.
int serve_plugin(std::unique_ptr<Source> source);

template <class T>
int plugin_main() {
    return serve_plugin(std::make_unique<T>());
}

}  // namespace cxedge
