"""Tool definitions of any dialect → their names."""

from collections.abc import Iterator

from promptlog.fields import member

# What dialects wrap a definition in: OpenAI chat, Converse.
_WRAPPERS = ("function", "custom", "toolSpec")
_LISTS = ("functionDeclarations", "function_declarations")


def names(tools: object) -> list[str]:
    """Return the names of listed tools; a tool without one shows its type."""
    listed = tools if isinstance(tools, list) else [tools]
    found = (_name(definition) for tool in listed for definition in _definitions(tool))
    return [name for name in found if isinstance(name, str)]


def _definitions(tool: object) -> Iterator[object]:
    """Yield the definitions in an entry: one, but for Gemini, which gathers them."""
    gathered = [listed for name in _LISTS if isinstance(listed := member(tool, name), list)]
    yield from gathered[0] if gathered else [tool]


def _name(tool: object) -> object:
    wrapped = (member(tool, wrapper) for wrapper in _WRAPPERS)
    holders = [holder for holder in wrapped if holder is not None]
    return next((name for at in (*holders, tool) if (name := member(at, "name"))), member(tool, "type"))
