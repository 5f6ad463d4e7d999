# The torture of the stream shell: torture.py drives a copy service on the real shell. Each fault build switches one rule
# of the shell off, and must be found out.
set(threads ../support/c11_threads.c)
file(GLOB stream_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/services/io/stream*.c)
foreach(fault none outputs_first inputs_first position_offsets proof_late proof_deaf restore_lso key_by_unit)
    string(TOUPPER ${fault} switch)
    sw_program(torture_copy_${fault} torture_copy.c torture_order.c ${stream_sources} ${threads} LINK io)
    target_compile_definitions(torture_copy_${fault} PRIVATE STREAM_TEST_POINTS STREAM_FAULT_${switch})
    target_link_options(torture_copy_${fault} PRIVATE -Wl,--wrap=kafka_send,--wrap=rd_kafka_begin_transaction
        -Wl,--wrap=rd_kafka_send_offsets_to_transaction,--wrap=rd_kafka_commit_transaction)
endforeach()
sw_program(torture_tool torture_tool.c ${loop_support} ${threads} LINK io)
target_include_directories(torture_tool PRIVATE ${PROJECT_SOURCE_DIR}/tests)
find_program(PYTHON python3 REQUIRED)
# Two at a time at most: they measure time.
function(torture_scenarios lock)
    foreach(scenario ${ARGN})
        add_test(NAME service/torture_${scenario}
            COMMAND ${PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/torture.py ${PROJECT_BINARY_DIR}/bin ${scenario})
        set_tests_properties(service/torture_${scenario} PROPERTIES LABELS service TIMEOUT 150 RESOURCE_LOCK ${lock})
    endforeach()
endfunction()
torture_scenarios(torture_members kills takeover zombie frozen committed deaf twin stall aborts crowd beaten nap late)
torture_scenarios(torture_others compaction open_transaction missing_topic missing_output too_large expired grown full_disk chaos
    outputs_first inputs_first position_offsets proof_late proof_deaf restore_lso key_by_unit)
