# Flags every target of ours shares; link tapedeck::flags privately to get them.
add_library(tapedeck_flags INTERFACE)
add_library(tapedeck::flags ALIAS tapedeck_flags)
target_include_directories(tapedeck_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(tapedeck_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<BOOL:${TAPEDECK_WERROR}>:-Werror>
  # GCC 12 sees overlaps in std::string's operator+ that are not there (GCC bug 105329).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  -fstack-protector-strong -fstack-clash-protection -fcf-protection)
if(NOT TAPEDECK_SANITIZE)
  target_compile_definitions(tapedeck_flags INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
endif()
target_link_options(tapedeck_flags INTERFACE -Wl,-z,relro,-z,now)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(TAPEDECK_SANITIZE)
  add_compile_options(-fsanitize=${TAPEDECK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TAPEDECK_SANITIZE})
  # GCC 12 takes a coroutine frame's operator new and delete for a mismatched pair.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
  if(TAPEDECK_SANITIZE MATCHES thread)
    # asio fences where ThreadSanitizer cannot follow; GCC says so in every file that includes it.
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
endif()

if(TAPEDECK_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  # clang 14 knows fewer warnings, and others, than the compiler that the code is checked with.
  add_compile_options(-Wno-unknown-warning-option -Wno-everything)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
