#include "lib/domain/yaml_tree.h"

#include <stdio.h>

#include <yaml.h>

#include "lib/base/check.h"
#include "lib/domain/limits.h"
#include "lib/domain/yaml_text.h"

void catalog_error_at(struct catalog_error *error, uint32_t line, uint32_t column, const char *message)
{
    bool earlier = error->line == 0 || line < error->line || (line == error->line && column < error->column);
    if (!earlier)
        return;
    error->line = line;
    error->column = column;
    snprintf(error->message, sizeof error->message, "%s", message);
}

/* The containers that are open, outermost first. */
struct reader {
    struct yaml_tree *tree;
    const struct yaml_text *text;
    yaml_parser_t *parser;
    struct catalog_error *error;
    uint32_t open[LIMIT_CATALOG_DEPTH];
    uint32_t depth;
    uint32_t documents;
};

static bool fail(struct reader *reader, yaml_mark_t mark, const char *message)
{
    catalog_error_at(reader->error, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1, message);
    return false;
}

static bool add_node(struct reader *reader, const yaml_event_t *event, struct yaml_node node)
{
    struct yaml_tree *tree = reader->tree;
    if (tree->nodes.count >= LIMIT_CATALOG_NODES)
        return fail(reader, event->start_mark, "expected a smaller text");
    node.line = (uint32_t)event->start_mark.line + 1;
    node.column = (uint32_t)event->start_mark.column + 1;
    uint32_t index = tree->nodes.count;
    vec_push(&tree->nodes, node);
    if (reader->depth > 0)
        vec_push(&tree->nodes.at[reader->open[reader->depth - 1]].items, index);
    if (node.kind == YAML_SCALAR)
        return true;
    if (reader->depth == LIMIT_CATALOG_DEPTH)
        return fail(reader, event->start_mark, "expected less nesting");
    reader->open[reader->depth++] = index;
    return true;
}

static bool refuse_decoration(struct reader *reader, const yaml_event_t *event, const yaml_char_t *anchor,
                              const yaml_char_t *tag)
{
    if (anchor != NULL)
        return fail(reader, event->start_mark, "expected a plain value: anchors are not taken");
    if (tag != NULL)
        return fail(reader, event->start_mark, "expected a plain value: tags are not taken");
    return true;
}

/* It is the cut before a bad byte that stands there, not what the author wrote. */
static bool at_cut(const struct reader *reader, yaml_mark_t mark)
{
    uint32_t line = (uint32_t)mark.line + 1, column = (uint32_t)mark.column + 1;
    const struct yaml_text *text = reader->text;
    return text->fault != NULL && (line > text->line || (line == text->line && column >= text->column));
}

/* Without quotes it ends where the text does; and nothing stands for a value that may be about to come. */
static bool cut_short(const struct reader *reader, const yaml_event_t *event)
{
    bool quoted = event->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
                  event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    bool nothing = event->data.scalar.length == 0 && at_cut(reader, reader->parser->mark);
    return !quoted && (nothing || at_cut(reader, event->end_mark));
}

static void close_node(struct reader *reader, const yaml_event_t *event)
{
    CHECK(reader->depth > 0);
    uint32_t index = reader->open[--reader->depth];
    reader->tree->nodes.at[index].closed = !at_cut(reader, event->start_mark);
}

static bool add_scalar(struct reader *reader, const yaml_event_t *event)
{
    if (cut_short(reader, event))
        return false;
    if (!refuse_decoration(reader, event, event->data.scalar.anchor, event->data.scalar.tag))
        return false;
    struct str text = {(const char *)event->data.scalar.value, (uint32_t)event->data.scalar.length};
    return add_node(reader, event,
                    (struct yaml_node){.kind = YAML_SCALAR,
                                       .plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
                                       .text = arena_copy(&reader->tree->strings, text)});
}

static bool take(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return add_scalar(reader, event);
    case YAML_MAPPING_START_EVENT:
        return refuse_decoration(reader, event, event->data.mapping_start.anchor,
                                 event->data.mapping_start.tag) &&
               add_node(reader, event, (struct yaml_node){.kind = YAML_MAP});
    case YAML_SEQUENCE_START_EVENT:
        return refuse_decoration(reader, event, event->data.sequence_start.anchor,
                                 event->data.sequence_start.tag) &&
               add_node(reader, event, (struct yaml_node){.kind = YAML_LIST});
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        close_node(reader, event);
        return true;
    case YAML_ALIAS_EVENT:
        return fail(reader, event->start_mark, "expected a plain value: aliases are not taken");
    case YAML_DOCUMENT_START_EVENT:
        if (reader->documents++ > 0)
            return fail(reader, event->start_mark, "expected one document");
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    }
    return true;
}

/* Where the token at fault begins: libyaml notices a lost colon on the next line, a lost quote at the end. */
static yaml_mark_t token_mark(const yaml_parser_t *parser)
{
    static const char lost_quote[] = "found unexpected ";
    const char *context = parser->context != NULL ? parser->context : "";
    bool lost = strcmp(context, "while scanning a simple key") == 0 ||
                (strcmp(context, "while scanning a quoted scalar") == 0 &&
                 strncmp(parser->problem, lost_quote, sizeof lost_quote - 1) == 0);
    return lost ? parser->context_mark : parser->problem_mark;
}

static void fail_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = reader->parser;
    CHECK(parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR);
    char message[sizeof reader->error->message];
    if (at_cut(reader, parser->problem_mark))
        return;
    snprintf(message, sizeof message, "expected YAML: %s", parser->problem);
    fail(reader, token_mark(parser), message);
}

void yaml_tree_read(struct yaml_tree *tree, struct str text, struct catalog_error *error)
{
    struct yaml_text checked = yaml_text_check(text);
    yaml_parser_t parser;
    struct reader reader = {.tree = tree, .text = &checked, .parser = &parser, .error = error};
    if (checked.fault != NULL)
        catalog_error_at(error, checked.line, checked.column, checked.fault);
    CHECK(yaml_parser_initialize(&parser));
    const char *bytes = checked.good.size > 0 ? checked.good.at : "";
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, checked.good.size);
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            fail_syntax(&reader);
            break;
        }
        more = take(&reader, &event) && event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

void yaml_tree_release(struct yaml_tree *tree)
{
    for (uint32_t i = 0; i < tree->nodes.count; i++)
        vec_release(&tree->nodes.at[i].items);
    vec_release(&tree->nodes);
    arena_release(&tree->strings);
}
