"""Credit grades: nine steps of GB/T 22116-2008 and D, and NR for who cannot be rated."""

from enum import IntEnum


class Grade(IntEnum):
    """A grade; a greater number is a better grade, NR stands outside the order as 0."""

    NR = 0
    D = 1
    C = 2
    CC = 3
    CCC = 4
    B = 5
    BB = 6
    BBB = 7
    A = 8
    AA = 9
    AAA = 10


#: The four classes by which Zhejiang tells how its firms are spread: 优秀, 良好, 中等, 较差 (企业公共信用评价指引, 2018).
CLASSES = {
    "AAA-A": frozenset({Grade.AAA, Grade.AA, Grade.A}),
    "BBB-BB": frozenset({Grade.BBB, Grade.BB}),
    "B-CCC": frozenset({Grade.B, Grade.CCC}),
    "CC-D": frozenset({Grade.CC, Grade.C, Grade.D}),
}
