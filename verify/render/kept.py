"""Single words that reports hold, and that people read in their own language."""

from verify.language.speech import later, say

WORDS = frozenset(
    (
        *(later("passed"), later("failed"), later("errored"), later("crashed"), later("timed out")),
        *(later("out of memory"), later("skipped"), later("planned"), later("known issue"), later("flaky")),
        *(later("certified"), later("conditional"), later("refused"), later("not judged")),
        *(later("accepted"), later("inconclusive"), later("damaged"), later("not run"), later("running")),
        *(later("waiting"), later("held"), later("regressed"), later("undecided"), later("hopeless")),
        *(later("added"), later("removed"), later("upgraded"), later("downgraded"), later("other hashes")),
        *(later("comes"), later("stays"), later("goes"), later("refuse"), later("warn")),
        *(later("error"), later("warning"), later("note"), later("certain"), later("likely")),
        *(later("measured"), later("derived"), later("datasheet"), later("carried")),
        *(later("steady"), later("steps"), later("drift"), later("too few"), later("highest"), later("base")),
        *(later("built"), later("unchanged"), later("written"), later("outdated")),
        *(later("agrees"), later("wrong"), later("silent"), later("hung")),
        *(later("bound unknown"), later("compute-bound"), later("bandwidth-bound"), later("cache-bound")),
        *(later("dispatch-bound"), later("near peak")),
        # What people claim, where no more is left of the sentence.
        *(later("converged"), later("falling"), later("stable"), later("no oscillation"), later("generalises")),
        *(later("faster"), later("slower"), later("efficient"), later("memory efficient"), later("available")),
        *(later("supported"), later("works"), later("integrated"), later("tested"), later("compatible")),
        *(later("ready"), later("complete"), later("completed"), later("ticked")),
        # What a machine's facts and conditions are called where two reports are compared.
        *(later("machine"), later("environment"), later("platform"), later("lock"), later("suite"), later("level")),
        *(later("verdict"), later("system"), later("build"), later("kernel"), later("architecture"), later("libc")),
        *(later("processor"), later("cores"), later("memory"), later("memory limit"), later("processors allowed")),
        *(later("container"), later("image"), later("power mode"), later("load before"), later("load after")),
        *(later("cpu steal percent"), later("others busy percent")),
    )
)


def word(kept: str) -> str:
    """The word in the language that is spoken, an underscore as a space; a name of anything else stays as it is."""
    plain = kept.replace("_", " ")
    return say(plain) if plain in WORDS else plain


def words_of(kept: str) -> str:
    """Several of them, with commas between: ``compute-bound, near peak``."""
    return say(", ").join(map(word, kept.split(", ")))
