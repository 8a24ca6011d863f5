"""Word salad in several languages: Zipf words, subjects with words of their own, stock phrases.

Unrelated texts share stock phrases and function words, and hardly ever six words in a row.
The content words are invented, so that no text is taken from anywhere.
"""

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from random import Random

WORDS, SUBJECT_WORDS, SUBJECTS = 5000, 240, 60

_FUNCTION = {
    "en": "the of and to a in is that it for on with as this are be by was at from or an have not we can "
    "which but if they you all one has more when will about there so out up into no than them then some",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es "
    "an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über so zum kann wenn nur",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ya "
    "este sí porque esta entre cuando muy sin sobre también me hasta hay donde",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il "
    "sont avec son ou aux cette mais nous comme on tout si leur y dont elle",
    "ru": "и в не на я что он с как это по но они к у из за от так о же все бы для до или если уже при быть "
    "только ещё когда нет чтобы мы вы где там",
    "zh": "的 了 是 在 我 有 和 就 不 人 都 一 上 也 很 到 说 要 去 你 会 着 看 好 这 那 还 把 与 对 等 从",
    "ja": "の は を が に で と も から まで です ます した する れる こと もの ない よう "
    "この その ため など",
    "ko": "은 는 이 가 을 를 에 의 와 과 도 로 하고 에서 그리고 하지만 있는 없는 합니다 했다 것 수 등",
}
_PARTS = {
    "en": "ba ter lin mor den sta per con ing ly ra to ve shi gle num cor pan del fir est or al win ket",
    "de": "ge schau stell ung lich ver keit bau wer ten heim kra tro schl ei ter ab mus fel der sch ing",
    "es": "ca mi ro des tra ción ar mente lo sa ver do per ta gu in con ter ria les mo ba za ni",
    "fr": "mon tra veau eur ment ai son lai che par tion dé pro gne vil ou ri eux can bre té pla",
    "ru": "по вер ста ние про го лов ка ре дов ный ту ми за кра ход ли сть бо на ме три во",
    "ko": "가 나 다 라 마 바 사 아 자 차 카 타 파 하 고 노 도 로 모 보 소 오 조 초 김 박 정 한 "
    "설 문 연 길 속",
}
_PHRASES = {
    "en": "can you help me with | what is the difference between | please write a | how do I | give "
    "me a list of | I would like to know | explain in simple terms | is it possible to | what do you think "
    "about | summarise this",
    "de": "kannst du mir helfen mit | was ist der Unterschied zwischen | bitte schreibe | wie kann ich",
    "es": "puedes ayudarme con | cuál es la diferencia entre | escribe un | cómo puedo",
    "fr": "peux-tu m'aider avec | quelle est la différence entre | écris un | comment puis-je",
    "ru": "помоги мне с | в чём разница между | напиши | как мне",
    "zh": "请帮我 | 有什么区别 | 怎么办 | 请写一个 | 我想知道",
    "ja": "教えてください | について | 書いてください | どうすれば",
    "ko": "도와주세요 | 차이가 뭐예요 | 써 주세요 | 어떻게",
}
TONGUES = {"en": 55.0, "zh": 11, "es": 7, "de": 6, "fr": 5, "ja": 6, "ru": 5, "ko": 4}
UNSPACED = ("zh", "ja")


@dataclass(frozen=True)
class Tongue:
    """A language: its words by frequency, the running sums of their weights, and how they join."""

    name: str
    words: tuple[str, ...]
    sums: tuple[float, ...]
    phrases: tuple[str, ...]
    space: str
    stops: tuple[str, ...]


@cache
def tongue(name: str) -> Tongue:
    """Return a language; its words are the same in every world."""
    rng = Random(f"tongue {name}")
    words = dict.fromkeys(_FUNCTION[name].split())
    while len(words) < WORDS:
        words.setdefault(_word(rng, name))
    sums = accumulate(1 / (rank + 2.7) for rank in range(WORDS))
    return Tongue(
        name,
        tuple(words),
        tuple(sums),
        tuple(_PHRASES[name].split(" | ")),
        "" if name in UNSPACED else " ",
        ("。", "。", "？") if name in UNSPACED else (".", ".", ".", "?", "!"),
    )


def _word(rng: Random, name: str) -> str:
    if name in UNSPACED:
        signs = [chr(0x4E00 + int(5200 * rng.random() ** 2)) for _ in range(rng.choice((1, 2, 2, 3)))]
        return "".join(signs) + (rng.choice("るいたく") if name == "ja" and rng.random() < 0.3 else "")
    return "".join(rng.choice(_PARTS[name].split()) for _ in range(rng.choice((1, 2, 2, 3, 3, 4))))


@dataclass(frozen=True)
class Subject:
    """What a text is about: a language and the content words that come up again and again."""

    tongue: Tongue
    words: tuple[str, ...]

    def prose(self, rng: Random, length: int) -> str:
        """Return `length` words of running text on the subject."""
        tongue = self.tongue
        words = rng.choices(tongue.words, cum_weights=tongue.sums, k=length)
        for spot in range(int(rng.random() * 3), length, 3):
            words[spot] = self.words[int(len(self.words) * rng.random() ** 2)]
        if length > 4 and rng.random() < 0.5:
            words[0] = rng.choice(tongue.phrases)
        end = 5 + int(12 * rng.random())
        while end < length - 3:
            words[end] += tongue.stops[0] if tongue.space else "，"
            end += 5 + int(14 * rng.random())
        return tongue.space.join(words) + (rng.choice(tongue.stops) if rng.random() < 0.8 else "")


@cache
def subject(name: str, number: int) -> Subject:
    """Return one of the subjects of a language."""
    words = tongue(name).words
    return Subject(tongue(name), tuple(Random(f"subject {name} {number}").sample(words[40:], SUBJECT_WORDS)))


def some_subject(rng: Random, name: str = "") -> Subject:
    """Return a subject, in a language that is drawn unless named."""
    name = name or rng.choices(list(TONGUES), list(TONGUES.values()))[0]
    return subject(name, rng.randrange(SUBJECTS))
