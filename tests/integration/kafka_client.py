"""As much of a Kafka client as tests need to prepare what the pipeline's own commands never would: topics with other
settings, messages that nobody sends. librdkafka by ctypes."""
import ctypes
import time

RD = ctypes.CDLL('librdkafka.so.1')
for name in ('rd_kafka_conf_new', 'rd_kafka_new', 'rd_kafka_topic_new', 'rd_kafka_NewTopic_new', 'rd_kafka_queue_new',
             'rd_kafka_queue_poll', 'rd_kafka_event_error_string'):
    getattr(RD, name).restype = ctypes.c_void_p
POINTER, CREATE_TOPICS, PRODUCER, COPY, WAIT_MS = ctypes.c_void_p, 1, 0, 2, 15000


def handle(broker):
    why = ctypes.create_string_buffer(300)
    conf = RD.rd_kafka_conf_new()
    RD.rd_kafka_conf_set(POINTER(conf), b'bootstrap.servers', broker.encode(), why, 300)
    made = RD.rd_kafka_new(PRODUCER, POINTER(conf), why, 300)
    if not made:
        raise OSError(why.value.decode())
    return POINTER(made)


def make_topic(broker, topic, partitions, settings):
    client, why = handle(broker), ctypes.create_string_buffer(300)
    new = POINTER(RD.rd_kafka_NewTopic_new(topic.encode(), partitions, 1, why, 300))
    for key, value in settings.items():
        RD.rd_kafka_NewTopic_set_config(new, key.encode(), value.encode())
    queue = POINTER(RD.rd_kafka_queue_new(client))
    RD.rd_kafka_CreateTopics(client, (POINTER * 1)(new), ctypes.c_size_t(1), None, queue)
    event = POINTER(RD.rd_kafka_queue_poll(queue, WAIT_MS))
    if not event or RD.rd_kafka_event_error(event):
        raise OSError('topic not made')
    RD.rd_kafka_event_destroy(event)
    RD.rd_kafka_queue_destroy(queue)
    RD.rd_kafka_NewTopic_destroy(new)
    RD.rd_kafka_destroy(client)
    time.sleep(1)  # until its leaders are there


def put(broker, topic, partition, value, timestamp_ms=0):
    """timestamp_ms: of a topic with CreateTime; 0: now."""
    client = handle(broker)
    end, of_topic, of_partition, of_value, of_flags, of_timestamp = 0, 1, 3, 4, 7, 8  # rd_kafka_vtype_t
    if RD.rd_kafka_producev(client, of_topic, topic.encode(), of_partition, ctypes.c_int32(partition), of_value, value,
                            ctypes.c_size_t(len(value)), of_flags, COPY, of_timestamp, ctypes.c_int64(timestamp_ms), end):
        raise OSError('not sent')
    if RD.rd_kafka_flush(client, WAIT_MS):
        raise OSError('not delivered')
    RD.rd_kafka_destroy(client)
