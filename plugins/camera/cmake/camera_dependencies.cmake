# OpenCV without libopencv-dev (1.3 GB installed): the minimal packages carry no OpenCVConfig.cmake
# and no pkg-config file. Imported targets also make the headers SYSTEM: those of 4.6 warn in C++20.
find_path(OPENCV_INCLUDE opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
foreach(module core dnn imgproc video)
    find_library(OPENCV_${module}_LIBRARY opencv_${module} REQUIRED)
    add_library(cxedge_opencv_${module} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(cxedge_opencv_${module} PROPERTIES
        IMPORTED_LOCATION ${OPENCV_${module}_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${OPENCV_INCLUDE})
endforeach()

pkg_check_modules(LIBAV REQUIRED IMPORTED_TARGET GLOBAL libavformat libavcodec libavutil libswscale)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET GLOBAL libseccomp)
