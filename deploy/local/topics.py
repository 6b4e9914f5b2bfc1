#!/usr/bin/env python3
"""topics.py BROKER TOPIC...: deletes the topics; one that is not there is no mistake. By librdkafka, as Kafka's own tool is
not among the jars."""
import ctypes
import sys

WAIT_MS, PRODUCER, UNKNOWN_TOPIC = 30000, 0, 3
POINTER = ctypes.c_void_p


def library():
    found = ctypes.CDLL('librdkafka.so.1')
    for name in ('rd_kafka_conf_new', 'rd_kafka_new', 'rd_kafka_DeleteTopic_new', 'rd_kafka_queue_new', 'rd_kafka_queue_poll',
                 'rd_kafka_event_DeleteTopics_result', 'rd_kafka_DeleteTopics_result_topics'):
        getattr(found, name).restype = POINTER
    for name in ('rd_kafka_topic_result_name', 'rd_kafka_err2str', 'rd_kafka_event_error_string'):
        getattr(found, name).restype = ctypes.c_char_p
    return found


def delete(rd, broker, topics):
    """Prints each that could not be deleted; how many those are."""
    why = ctypes.create_string_buffer(300)
    conf = POINTER(rd.rd_kafka_conf_new())
    rd.rd_kafka_conf_set(conf, b'bootstrap.servers', broker.encode(), why, ctypes.c_size_t(300))
    client = rd.rd_kafka_new(PRODUCER, conf, why, ctypes.c_size_t(300))
    if not client:
        raise OSError(why.value.decode())
    wanted = (POINTER * len(topics))(*(rd.rd_kafka_DeleteTopic_new(topic.encode()) for topic in topics))
    queue = POINTER(rd.rd_kafka_queue_new(POINTER(client)))
    rd.rd_kafka_DeleteTopics(POINTER(client), wanted, ctypes.c_size_t(len(topics)), None, queue)
    event = rd.rd_kafka_queue_poll(queue, WAIT_MS)
    if not event or rd.rd_kafka_event_error(POINTER(event)):
        raise OSError(rd.rd_kafka_event_error_string(POINTER(event)).decode() if event else 'the broker does not answer')
    count = ctypes.c_size_t()
    result = POINTER(rd.rd_kafka_event_DeleteTopics_result(POINTER(event)))
    results = POINTER(rd.rd_kafka_DeleteTopics_result_topics(result, ctypes.byref(count)))
    failed = 0
    for one in ctypes.cast(results, ctypes.POINTER(POINTER))[:count.value]:
        error = rd.rd_kafka_topic_result_error(POINTER(one))
        if error not in (0, UNKNOWN_TOPIC):
            failed += 1
            print(f'{rd.rd_kafka_topic_result_name(POINTER(one)).decode()}: {rd.rd_kafka_err2str(error).decode()}',
                  file=sys.stderr)
    return failed


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return delete(library(), sys.argv[1], sys.argv[2:]) > 0
    except OSError as error:
        print(f'topics.py: {error}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
