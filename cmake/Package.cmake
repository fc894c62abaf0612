# `cpack --config build/release/CPackConfig.cmake` makes a Debian package of the binary, its manual, the
# completions and the units. With SOURCE_DATE_EPOCH set, the same sources make the same bytes.
set(MANUAL ${PROJECT_BINARY_DIR}/daemon/cli)
set(DOC ${CMAKE_INSTALL_DATADIR}/doc/tapedeck)

# Compressed as Debian wants them, without the time of day in them.
set(COMPRESSED ${PROJECT_BINARY_DIR}/compressed)
file(MAKE_DIRECTORY ${COMPRESSED})
function(compress source name)
  add_custom_command(OUTPUT ${COMPRESSED}/${name}
    COMMAND gzip -9nc ${source} > ${COMPRESSED}/${name}
    DEPENDS ${source} VERBATIM)
endfunction()
compress(${MANUAL}/tapedeck.1 tapedeck.1.gz)
compress(${MANUAL}/tapedeck.toml.5 tapedeck.toml.5.gz)
compress(${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog.gz)
compress(${PROJECT_SOURCE_DIR}/cmake/debian/changelog changelog.Debian.gz)
add_custom_target(compressed ALL DEPENDS
  ${COMPRESSED}/tapedeck.1.gz ${COMPRESSED}/tapedeck.toml.5.gz ${COMPRESSED}/changelog.gz
  ${COMPRESSED}/changelog.Debian.gz)
add_dependencies(compressed manual)

install(FILES ${COMPRESSED}/tapedeck.1.gz
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime)
install(FILES ${COMPRESSED}/tapedeck.toml.5.gz
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT runtime)
install(FILES ${MANUAL}/tapedeck.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME tapedeck
  COMPONENT runtime)
install(FILES ${MANUAL}/_tapedeck
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT runtime)
install(FILES ${MANUAL}/tapedeck.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT runtime)
install(FILES ${COMPRESSED}/changelog.gz ${COMPRESSED}/changelog.Debian.gz cmake/debian/copyright config/config.example.toml
  DESTINATION ${DOC} COMPONENT runtime)
install(FILES cmake/debian/lintian-overrides
  DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME tapedeck COMPONENT runtime)
install(FILES systemd/tapedeck.service systemd/tapedeck.socket
  DESTINATION lib/systemd/system COMPONENT runtime)
install(FILES systemd/user/tapedeck.service systemd/user/tapedeck.socket
  DESTINATION lib/systemd/user COMPONENT runtime)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tapedeck)
set(CPACK_PACKAGE_CONTACT "tapedeck maintainers <maintainers@tapedeck.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "sqlite3, libnss3-tools")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "HTTP and HTTPS forward proxy that records in SQLite")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Programs are pointed at tapedeck; it forwards each request with verified TLS
and records every exchange as a row of an SQLite file, which any SQLite
client can read while it is written. What was recorded is replayed for tests
that run offline, sent again to see what changed, searched by text, and
exported as HAR or curl commands.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/cmake/debian/postinst
  ${PROJECT_SOURCE_DIR}/cmake/debian/prerm
  ${PROJECT_SOURCE_DIR}/cmake/debian/postrm)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
include(CPack)
