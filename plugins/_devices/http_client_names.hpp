// SPDX-License-Identifier: Apache-2.0
// Looks up names of hosts without ever waiting for it. libcurl's own look-up would do so when a
// request is given up: it joins its thread, as long as a dead name server takes. Thread: the
// loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/_devices/http_client.hpp"

namespace cxedge::devices {

class HttpNames {
public:
    using Addresses = std::vector<std::string>;
    using Found = std::function<void(const Result<Addresses>& found)>;

    HttpNames(Host& host, HttpLookup lookup);
    HttpNames(const HttpNames&) = delete;
    HttpNames& operator=(const HttpNames&) = delete;
    ~HttpNames();

    // Calls back at once with what is known for less than five minutes, else when it is found;
    // each name is asked for once at a time.
    void find(const std::string& name, Found found);
    // Nothing answers there (any more): ask again next time.
    void doubt(const std::string& name);
    // Nobody waits for the answer any longer. Of the names of which that was said, one at a time is
    // asked for from then on: they must not take all of the host's workers from the others.
    void give_up(const std::string& name);
    // What was found last, however long ago.
    [[nodiscard]] std::optional<Addresses> last(const std::string& name) const;

private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace cxedge::devices
