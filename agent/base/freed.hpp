// SPDX-License-Identifier: Apache-2.0
// Objects of C libraries in a std::unique_ptr: std::unique_ptr<BIO, Freed<&BIO_free>>.
#pragma once

namespace cxedge {

template <auto Free>
struct Freed {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};

}  // namespace cxedge
