// SPDX-License-Identifier: Apache-2.0
// THE contract for plugin authors. Copy plugins/_template, write one class, declare its settings.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/settings.hpp"
#include "agent/plugin_api/host.hpp"

namespace cxedge {

// A running instance of a plugin, made from one `[[source]]` table of the configuration.
// Life: constructor -> init() -> start() (again after `unavailable`, with backoff) -> stop() ->
// destructor. Calls never overlap and all come on one loop thread.
class Source {
public:
    virtual ~Source() = default;

    // Reads the settings and touches nothing outside the object: no file, socket or device. Every
    // mistake is added to `problems` with its place; init() failed if any was added.
    virtual void init(const SettingsNode& settings, SettingsProblems& problems) = 0;

    // Opens what it needs and begins to emit through `host`, which outlives the source's run.
    // `unavailable` is retried with backoff after stop(); any other error fails the source for
    // good.
    virtual Status start(Host& host) = 0;

    // True when senders are told whether their sample was accepted and can repeat it. What storage
    // refuses of another source is lost, and declared as a gap.
    [[nodiscard]] virtual bool acknowledges() const { return false; }

    // Releases everything, emits what is still held back. Also called after a failed start().
    virtual void stop() = 0;
};

// The keys of a `[[source]]` table that the agent reads itself. Call it on a plugin's schema, or
// they would be reported as unknown.
template <class T>
void ignore_common_keys(Schema<T>& schema) {
    for (const char* key :
         {"plugin",
          "name",
          "enabled",
          "durable",
          "limit_memory_mib",
          "limit_tasks",
          "limit_cpu_percent"}) {
        schema.ignore(key);
    }
}

// One line of the table of plugins that CMake generates.
struct PluginInfo {
    std::string name;
    std::unique_ptr<Source> (*make)() = nullptr;  // nullptr: runs out of process
    std::string executable;  // out of process: file name beside cxedged, e.g. "cxedge-camera"
};

}  // namespace cxedge
