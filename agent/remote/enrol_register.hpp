// SPDX-License-Identifier: Apache-2.0
// What an enroller remembers: which keys it has certified for which node. A text file, one node a
// line, fields separated by one blank:
//   acme/store-0042/gateway-1 SERIAL KEY [KEY BEFORE]
// SERIAL is "-" where the box has none; keys are SHA-256 fingerprints in hex. Thread: one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/wire/enrolment.hpp"

namespace cxedge::remote {

struct EnrolledNode {
    std::string serial;
    // The last one first; also the one before, which the node may fall back to. One or two.
    std::vector<std::string> keys;
    bool operator==(const EnrolledNode&) const = default;
};

class EnrolRegister {
public:
    // A file that is not there yet is an empty register. corrupt: with the line.
    static Result<EnrolRegister> open(const std::string& path);

    // Null: never enrolled.
    [[nodiscard]] const EnrolledNode* find(const wire::EnrolName& name) const;
    // Whose key it is; empty: nobody's.
    [[nodiscard]] std::string owner_of(const std::string& key) const;
    // Where else, as "tenant/site/node", a node of this name is; empty: nowhere.
    [[nodiscard]] std::string elsewhere(const wire::EnrolName& name) const;
    // Durable when it returns. A node is in one place: what was known of it elsewhere is forgotten.
    Status remember(const wire::EnrolName& name, EnrolledNode node);
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }

private:
    explicit EnrolRegister(std::string path) : path_(std::move(path)) {}
    Status read_line(const std::string& line);

    std::string path_;
    std::map<std::string, EnrolledNode> nodes_;  // by "tenant/site/node"
};

}  // namespace cxedge::remote
