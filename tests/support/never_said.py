"""What no text may say, in any language: comfort that a program cannot give, and mistakes once read as facts."""

from __future__ import annotations

from collections.abc import Mapping

from app.answers.languages import Language

ENGLISH = (
    # Reassurance that a program cannot give.
    *(r"\b(ab)?normal(?! temperature does not)", r"(?<!does not make it )(?<!does not mean )\b(un)?safe(ly|ty)?\b"),
    *(r"ignore", r"no need (to see|for) a", r"not serious", r"don't worry", r"nothing to worry", r"no reason to"),
    *(
        r"(?<!usually )harmless",
        r"\bbenign",
        r"will go away",
        r"all-clear",
        r"you are fine(?<!does not mean you are fine)",
    ),
    # What the article that the project started from says wrongly.
    *(r"(non.?|not )fatal", r"most common (reason|cause)", r"clear (indication|sign)", r"liquid nitrogen", r"overcome"),
    *(r"large,? flat", r"infections?[^.]*\bclot", r"(mostly|usually|often) on (the |your )?(feet|ankles)", r"\biron\b"),
    *(r"\bfat\b", r"internal bleeding", r"severe along", r"ha?emophilia(?! brings large bruises)", r"great help"),
    # What a review by other eyes found: figures that take an emergency back, orders to wait, signs that fit everybody.
    *(r"1,?329", r"most children", r"do not have meningococcal", r"see them the same day", r"\bblotchy\b"),
    *(r"explain at once", r"anything below", r"under 16", r"adult should have a blood", r"rules for doctors"),
    *(r"how urgent it is, or whether to get care", r"commit", r"spoke for", r"stand at the top", r"look alike"),
    *(r"if not, make an appointment", r"common causes", r"a matter of looks", r"from closer"),
)

SPANISH = (
    *(r"\b(a)?normal(?! no (basta|descarta))", r"\bno es grave", r"\bsin riesgo", r"\b(es|son) segur[oa]s?\b"),
    *(r"\bignor", r"\bbenign", r"inocu", r"no (hace|hay) (falta|que) (ir|acudir|ver|consultar)", r"no se preocupe"),
    *(r"no hay (de )?qué preocuparse", r"(?<!por lo general es )inofensiv", r"desaparecerá", r"no descarta nada"),
    *(r"no es necesario (ir|acudir|ver|consultar)", r"(?<!no basta para estar )tranquil", r"no (son )?mortal"),
    *(r"causa más frecuente", r"señal (clara|inequívoca)", r"nitrógeno líquido", r"superar", r"mancha grande y plana"),
    *(r"infecci[oó]n[^.]*\bcoágulo", r"(en|sobre todo en) (los )?(pies|tobillos)", r"\bhierro\b", r"\bgrasa\b"),
    *(r"hemorragia interna", r"hemofilia(?! da moretones grandes)", r"gran ayuda"),
    # Every user of this program has spots.
    *(r"(piel|labios|lengua|pálid\w+|gris\w*),? (o )?con manchas", r"1329", r"mayoría de los niños"),
    *(r"\b061\b", r"\b999\b", r"todo lo que sigue", r"causas frecuentes", r"menores de 16", r"cosa de familia"),
    *(
        r"\benfermera\b",
        r"\benseñ",
        r"computadora",
        r"el objetivo",
        r"haga una foto",
        r"médico de cabecera",
        r"granos\b",
    ),
    *(r"normas para médicos", r"hablaban a favor", r"no toque la mancha", r"vaso de vidrio", r"otros males"),
)

PORTUGUESE = (
    *(r"\b(a)?norma(l|is)\b(?! não (basta|descarta))", r"\bnão é grave", r"\bsem risco", r"\b(é|são) segur[oa]s?\b"),
    *(r"\bignor", r"\bbenign", r"inócu", r"não (é preciso|precisa) (ir|procurar|ver|consultar)", r"não se preocupe"),
    *(r"(?<!em geral é )inofensiv", r"vai (sumir|desaparecer)", r"(?<!não basta para ficar )sossegad", r"tranquil"),
    *(
        r"não (são )?(fatal|fatais|mortal|mortais)",
        r"causa mais (comum|frequente)",
        r"sinal claro",
        r"não descarta nada",
    ),
    *(r"nitrogênio líquido", r"superar", r"mancha grande e plana", r"infecç(ão|ões)[^.]*\bcoágulo"),
    *(r"(mais )?nos (pés|tornozelos)", r"\bferro\b", r"\bgordura\b", r"hemorragia interna", r"grande ajuda"),
    *(r"hemofilia(?! dá roxos grandes)", r"(pele|lábios|língua|pálid\w+|cinzent\w+),? (ou )?com manchas"),
    # Numbers and words of other countries.
    *(r"\b911\b", r"\b999\b", r"\b061\b", r"1329", r"maioria das crianças", r"menores de 16", r"computador\b"),
    *(r"\butente\b", r"\btelemóvel\b", r"\burgências\b", r"\benfermeira\b", r"\bdipirona\b"),
)

NEVER_SAID: Mapping[Language, tuple[str, ...]] = {
    Language.ENGLISH: ENGLISH,
    Language.SPANISH: SPANISH,
    Language.PORTUGUESE: PORTUGUESE,
}
"""Regular expressions by language, to be looked for without regard to case in texts on one line."""
