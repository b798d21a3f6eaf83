// SPDX-License-Identifier: Apache-2.0
// A whole node on this machine: cxedged with its own directories, and a cxctl tail that receives
// what it sends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/mosquitto_server.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

using Json = nlohmann::json;
inline constexpr std::chrono::seconds kPatience{30};

// Sources of a box: its kpi_socket, what comes is kept as it came.
inline constexpr const char* kKpi = R"(
[[source]]
plugin = "kpi_socket"
socket = "{dir}/kpi.sock"
[[rule]]
match = "till.*"
unit = "1"
keep = "raw"
)";

// Sends lines to a kpi_socket and returns the answers, one a line.
std::vector<std::string> send_kpi(const std::string& path, const std::vector<std::string>& lines);

class Box {
public:
    // `sources`: TOML of [[source]] and [[rule]] tables; "{dir}" becomes the box's directory.
    Box(std::uint16_t broker_port, const std::string& sources);
    // `uplink`: TOML of the [uplink] table.
    Box(const std::string& uplink, const std::string& sources);

    void start();
    // start() that does not wait until it runs.
    void launch();
    // start(), and true once its first source runs: a socket of it can be written to.
    [[nodiscard]] bool start_collecting();
    // How start() runs cxedged.
    [[nodiscard]] std::vector<std::string> command() const;
    // SIGTERM; the exit status.
    int stop();
    // Likewise; the samples it said it produced, with its last words.
    std::uint64_t stop_and_count();
    void kill();
    [[nodiscard]] Process& agent() { return *agent_; }
    [[nodiscard]] std::string file(const std::string& name) const { return dir_.file(name); }

    [[nodiscard]] Json status() const;
    // Seals, sends, waits until all is acknowledged.
    [[nodiscard]] bool flush() const;
    // Asks for the status until `wanted`; false after kPatience.
    bool status_where(const std::function<bool(const Json&)>& wanted) const;
    // Whether it learns in time that the platform's word deletes. Until then the broker's does, and
    // a broker that is killed takes along what it has promised.
    [[nodiscard]] bool waits_for_platform() const;

    // Where the spool is; a test may point it elsewhere before start().
    void set_state_dir(std::string directory) { state_dir_ = std::move(directory); }
    // Likewise where journal and ring are.
    void set_runtime_dir(std::string directory) { runtime_dir_ = std::move(directory); }
    // Adds node.claim_file to its configuration; before start().
    void set_claim(const std::string& file);
    // Another name than "n"; before start().
    void set_node(const std::string& name);
    // Where plugins with a process of their own are; before start().
    void set_plugin_dir(std::string directory) { plugin_dir_ = std::move(directory); }
    // cxedged is started by this, `env` with variables say, which must become it.
    void set_starter(std::vector<std::string> words) { starter_ = std::move(words); }

    // Every `what` in its own file becomes `by`; for the next start().
    void edit_site(const std::string& what, const std::string& by) const;

private:
    TempDir dir_;
    std::string state_dir_;
    std::string runtime_dir_;
    std::string plugin_dir_;
    std::vector<std::string> starter_;
    std::unique_ptr<Process> agent_;
};

// Everything that came to the broker for the box, in a session that outlives broker restarts.
class Inbox {
public:
    explicit Inbox(std::uint16_t broker_port);

    // Reads on until an object satisfies `wanted`; nothing within kPatience.
    std::optional<Json> next_where(const std::function<bool(const Json&)>& wanted);
    std::optional<Json> next_event(const std::string& name);
    // Reads until `complete`, at most kPatience; then ends the tail and returns its summary.
    Json finish_when(const std::function<bool()>& complete);
    [[nodiscard]] std::uint64_t samples() const;
    [[nodiscard]] const std::vector<Json>& seen() const { return seen_; }
    // Samples of `metric` seen, as values.
    [[nodiscard]] std::vector<double> values(const std::string& metric) const;

private:
    bool keep(const std::string& line);

    TempDir dir_;
    Process tail_;
    std::vector<Json> seen_;
};

}  // namespace cxedge::test
