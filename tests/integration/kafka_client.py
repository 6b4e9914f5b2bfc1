"""As much of a Kafka client as tests need to prepare what the pipeline's own commands never would: topics with other
settings, messages that nobody sends. librdkafka by ctypes."""
import ctypes
import time

RD = ctypes.CDLL('librdkafka.so.1')
for name in ('rd_kafka_conf_new', 'rd_kafka_new', 'rd_kafka_topic_new', 'rd_kafka_NewTopic_new', 'rd_kafka_queue_new',
             'rd_kafka_queue_poll', 'rd_kafka_event_error_string', 'rd_kafka_DeleteTopic_new',
             'rd_kafka_topic_partition_list_new', 'rd_kafka_topic_partition_list_add', 'rd_kafka_DeleteRecords_new'):
    getattr(RD, name).restype = ctypes.c_void_p
POINTER, CREATE_TOPICS, PRODUCER, CONSUMER, COPY, WAIT_MS = ctypes.c_void_p, 1, 0, 1, 2, 15000


def handle(broker, group=None):
    """A producer's, or a consumer's of a group."""
    why = ctypes.create_string_buffer(300)
    conf = RD.rd_kafka_conf_new()
    RD.rd_kafka_conf_set(POINTER(conf), b'bootstrap.servers', broker.encode(), why, 300)
    if group:
        RD.rd_kafka_conf_set(POINTER(conf), b'group.id', group.encode(), why, 300)
    made = RD.rd_kafka_new(CONSUMER if group else PRODUCER, POINTER(conf), why, 300)
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


def answered(client, ask, *arguments):
    """Waits for the answer to an operator's request."""
    queue = POINTER(RD.rd_kafka_queue_new(client))
    ask(client, *arguments, None, queue)
    event = POINTER(RD.rd_kafka_queue_poll(queue, WAIT_MS))
    if not event or RD.rd_kafka_event_error(event):
        raise OSError('not done')
    RD.rd_kafka_event_destroy(event)
    RD.rd_kafka_queue_destroy(queue)


def delete_topics(broker, topics):
    client = handle(broker)
    asked = [POINTER(RD.rd_kafka_DeleteTopic_new(topic.encode())) for topic in topics]
    answered(client, RD.rd_kafka_DeleteTopics, (POINTER * len(asked))(*asked), ctypes.c_size_t(len(asked)))
    for topic in asked:
        RD.rd_kafka_DeleteTopic_destroy(topic)
    RD.rd_kafka_destroy(client)


def delete_records(broker, topic, partition, below):
    client = handle(broker)
    positions = POINTER(RD.rd_kafka_topic_partition_list_new(1))
    RD.rd_kafka_topic_partition_list_add(positions, topic.encode(), partition)
    RD.rd_kafka_topic_partition_list_set_offset(positions, topic.encode(), partition, ctypes.c_int64(below))
    asked = POINTER(RD.rd_kafka_DeleteRecords_new(positions))
    answered(client, RD.rd_kafka_DeleteRecords, (POINTER * 1)(asked), ctypes.c_size_t(1))
    RD.rd_kafka_DeleteRecords_destroy(asked)
    RD.rd_kafka_topic_partition_list_destroy(positions)
    RD.rd_kafka_destroy(client)


class Position(ctypes.Structure):
    """rd_kafka_topic_partition_t, as far as its offset."""
    _fields_ = [('topic', ctypes.c_char_p), ('partition', ctypes.c_int32), ('offset', ctypes.c_int64)]


def committed(broker, group, topic, partition):
    """The group's offset; below 0: none."""
    client = handle(broker, group)
    positions = POINTER(RD.rd_kafka_topic_partition_list_new(1))
    at = RD.rd_kafka_topic_partition_list_add(positions, topic.encode(), partition)
    if RD.rd_kafka_committed(client, positions, WAIT_MS):
        raise OSError('no answer')
    offset = Position.from_address(at).offset
    RD.rd_kafka_topic_partition_list_destroy(positions)
    RD.rd_kafka_destroy(client)
    return offset
