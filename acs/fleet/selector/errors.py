"""What is wrong in a selector, and where."""

from __future__ import annotations


class SelectorError(ValueError):
    """`position` counts characters from 0; `expected` says what is taken there, "" where that is clear."""

    def __init__(self, text: str, position: int, message: str, expected: str = "") -> None:
        said = f"{message}; expected {expected}" if expected else message
        super().__init__(f"character {position + 1}: {said}")
        self.text = text
        self.position = position
        self.message = message
        self.expected = expected

    def pointed(self) -> str:
        """The line of the selector with a mark below the character, for people."""
        begins = self.text.rfind("\n", 0, self.position) + 1
        line = self.text[begins:].partition("\n")[0]
        before = "".join(letter if letter == "\t" else " " for letter in self.text[begins : self.position])
        return f"{line}\n{before}^"
