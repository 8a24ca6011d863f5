"""Purpose: would the answers train a model?

Disclosed campaigns ask for the model's reasoning, for grades, for cleaned traces, for new tasks,
or run it as an agent; a translator or a shop assistant does not. Judged from the template's own
words: an act and an object must both be asked for, in whatever language, so "reasoning" in
passing is not enough. Word stems, not texts: no template is known here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from campaigns.signals.base import Evidence


@dataclass(frozen=True)
class _Purpose:
    """A training purpose: what is asked for, and the two kinds of words that show it."""

    name: str
    act: re.Pattern[str]
    thing: re.Pattern[str]


def _stems(*stems: str) -> re.Pattern[str]:
    """Match any stem at the start of a word; scripts without spaces match anywhere."""
    parts = [stem if ord(stem[0]) > 0x2E80 else rf"\b{stem}" for stem in stems]
    return re.compile("|".join(parts), re.IGNORECASE)


_SHOW = (
    "show", "write", "explain", "list", "lay out", "walk", "articulat", "reveal", "expose", "think", "derive",
    "before", "complete", "full", "every", "number", "enumerat", "describ", "state", "spell", "produce", "record",
    "escrib", "muestra", "explica", "écri", "montre", "expliqu", "schreib", "zeig", "erklär", "mostr", "scriv",
    "напиши", "запиши", "покажи", "объясни", "napisz", "pokaż", "yaz", "göster", "اكتب", "اشرح", "लिख", "दिखा",
    "写", "列", "展示", "说明", "書", "示", "述", "쓰", "적", "보여", "설명", "เขียน", "แสดง",
)  # fmt: skip
_REASONING = (
    "reason", "chain of thought", "thought", "thinking", "step", "inference", "deduc", "derivation", "intermediate",
    "rationale", "assumption", "dead end", "working", "justif",
    "razon", "pensamiento", "paso", "raisonn", "réflexion", "étape", "gedank", "begründ", "schritt", "überleg",
    "raciocín", "pensament", "passo", "ragionament", "рассужд", "шаг", "мысл", "rozumow", "krok", "düşün", "adım",
    "تفكير", "استدلال", "خطوة", "तर्क", "सोच", "कदम", "推理", "思考", "思路", "步骤", "推論", "考え", "過程",
    "추론", "생각", "단계", "เหตุผล", "ขั้นตอน",
)  # fmt: skip
_GRADE = (
    "grade", "grading", "score", "scoring", "rate", "rating", "evaluat", "judge", "assess", "compare",
    "califi", "evalú", "puntú", "note", "évalu", "bewert", "benot", "avali", "valut", "оцен", "oceń", "değerlendir",
    "قيّم", "قيم", "मूल्यांकन", "评分", "评估", "打分", "採点", "評価", "채점", "평가", "ให้คะแนน",
)  # fmt: skip
_ANSWER = (
    "response", "answer", "output", "rubric", "criteri", "completion", "candidate", "solution",
    "respuesta", "réponse", "barème", "antwort", "kriteri", "resposta", "risposta", "ответ", "критери", "odpowied",
    "yanıt", "إجابة", "معيار", "उत्तर", "回答", "答案", "标准", "基準", "응답", "답변", "기준", "คำตอบ",
)  # fmt: skip
_MAKE = (
    "generat", "creat", "write", "come up", "rewrite", "evolve", "synthesi", "invent", "compose", "devise", "craft", "design",
    "genera", "crea", "génér", "crée", "erzeug", "erstell", "cria", "создай", "придумай", "stwórz", "wygeneruj",
    "oluştur", "أنشئ", "बनाएँ", "बनाओ", "生成", "编写", "创建", "改写", "作成", "生成", "만들", "생성", "สร้าง",
)  # fmt: skip
_TASK = (
    "instruction", "prompt", "task", "exercise", "training", "dataset", "synthetic", "textbook", "course unit", "seed",
    "question.{0,20}answer", "persona", "dialogue",
    "instruccion", "ejercicio", "tarea", "consigne", "exercice", "tâche", "aufgabe", "anweisung", "übung", "tarefa",
    "esercizi", "задани", "инструкц", "zadani", "görev", "talimat", "تعليمات", "مهمة", "निर्देश", "कार्य",
    "指令", "任务", "题目", "训练", "数据集", "課題", "指示", "과제", "지시", "คำสั่ง",
)  # fmt: skip
_ACT = ("agent", "autonomous", "shell", "command", "tool call", "function call", "execut", "terminal", "命令", "エージェント")
_WORK = ("repositor", "codebase", "hidden test", "tests? pass", "issue", "patch", "workspace", "commit", "browser", "仓库")

_PURPOSES = (
    _Purpose("the model's reasoning, written out", _stems(*_SHOW), _stems(*_REASONING)),
    _Purpose("grades for answers", _stems(*_GRADE), _stems(*_ANSWER)),
    _Purpose("new tasks or training texts", _stems(*_MAKE), _stems(*_TASK)),
    _Purpose("an agent's work on software", _stems(*_ACT), _stems(*_WORK)),
)

_WEIGHT = 0.7  # honest recipes, judges and agents ask for the same, so no more than five to one


def purpose(template: str) -> Evidence:
    """Judge what a template's fixed text asks for."""
    for candidate in _PURPOSES:
        act, thing = candidate.act.search(template), candidate.thing.search(template)
        if act and thing:
            words = f"“{act.group()}…” and “{thing.group()}…”"
            return Evidence("training_value", _WEIGHT, 1.0, f"it asks for {candidate.name} ({words})")
    return Evidence("training_value", -0.5, 0.0, "nothing it asks for is of particular use to train a model")
