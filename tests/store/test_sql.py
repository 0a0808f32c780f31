"""What of our SQL can be checked without a database: that every one of them would understand it.

DB2 11.5 is the oldest that IBM maintains; SQLite and Derby, which the tests run on, know less in places and more in
others, so what only they know would be found by nobody but an operator.
"""

import re

import pytest

from ccr.store.dialects import DB2, SQLite
from ccr.store.migrations import MIGRATIONS
from tests.store.statements import statements

OURS = [text for text in statements() if not text.file.startswith(("store/dialects/", "adapters/"))]
"""The dialects say what one database alone understands; everything else is for all of them."""

NOT_EVERYWHERE = {
    "LIMIT": r"\bLIMIT\b",
    "OFFSET, which SQLite knows with LIMIT only": r"\bOFFSET\b",
    "FETCH FIRST": r"\bFETCH\b",
    "RETURNING": r"\bRETURNING\b",
    "ON CONFLICT": r"\bON (CONFLICT|DUPLICATE)\b",
    "INSERT OR": r"\b(INSERT|UPDATE) OR\b",
    "MERGE, UPSERT or REPLACE INTO": r"\b(MERGE|UPSERT|REPLACE) INTO\b",
    "booleans": r"\b(TRUE|FALSE|BOOLEAN)\b",
    "IF EXISTS": r"\bIF (NOT )?EXISTS\b",
    "functions of SQLite alone": r"\b(IFNULL|DATETIME|STRFTIME|GROUP_CONCAT|JSON\w*|RANDOM|LAST_INSERT_ROWID)\s*\(",
    "functions of DB2 alone": r"\b(NVL|DECODE|LISTAGG|LOCATE)\s*\(",
    "common tables": r"\bWITH \w+ AS\b",
    "windows": r"\bOVER\s*\(",
    "locks by name": r"\bFOR UPDATE\b|\bWITH (UR|CS|RS|RR)\b",
    "the server's clock": r"\bCURRENT[ _](TIME|DATE|TIMESTAMP)\b",
    "quoted names": r'"',
    "several rows at once": r"VALUES\s*\([^()]*\)\s*,\s*\(",
    "a list within ILIKE, GLOB or REGEXP": r"\b(ILIKE|GLOB|REGEXP)\b",
    "== and !=": r"==|!=",
    "named parameters": r"[^:]:[a-z]\w*|%s",
}

RESERVED = frozenset(
    """
    activate add after alias all allocate allow alter and any as asensitive associate asutime at attributes audit
    authorization aux auxiliary before begin between binary bufferpool by cache call called capture cardinality
    cascaded case cast ccsid char character check clone close cluster collection collid column comment commit concat
    condition connect connection constraint contains continue count count_big create cross current current_date
    current_lc_ctype current_path current_schema current_server current_time current_timestamp current_timezone
    current_user cursor cycle data database datapartitionname datapartitionnum date day days db2general db2genrl db2sql
    dbinfo dbpartitionname dbpartitionnum deallocate declare default defaults definition delete dense_rank denserank
    describe descriptor deterministic diagnostics disable disallow disconnect distinct do document double drop dssize
    dynamic each editproc else elseif enable encoding encryption end ending erase escape every except exception
    excluding exclusive execute exists exit explain extended external extract fenced fetch fieldproc file final first
    for foreign free from full function general generated get global go goto grant graphic group handler hash
    hashed_value having hint hold hour hours identity if immediate in including inclusive increment index indicator
    indicators inf infinity inherit inner inout insensitive insert integrity intersect into is isobid isolation iterate
    jar java join keep key label language lateral lc_ctype leave left like limit linktype local localdate locale
    localtime localtimestamp locator locators lock lockmax locksize long loop maintained materialized maxvalue
    microsecond microseconds minpctused minute minutes minvalue mode modifies month months nan new new_table nextval no
    nocache nocycle nodename nodenumber nomaxvalue nominvalue none noorder normalized not null nulls numparts obid of
    off offset old old_table on open optimization optimize option or order out outer over overriding package padded
    pagesize parameter part partition partitioned partitioning partitions password path percent piecesize plan
    position precision prepare prevval primary priqty privileges procedure program psid public query queryno range rank
    read reads recovery references referencing refresh release rename repeat reset resignal restart restrict result
    result_set_locator return returns revoke right role rollback round_ceiling round_down round_floor round_half_down
    round_half_even round_half_up round_up routine row row_number rownumber rows rowset rrn run savepoint schema
    scratchpad scroll search second seconds secqty security select sensitive sequence session session_user set signal
    simple snan some source specific sql sqlid stacked standard start starting statement static statment stay stogroup
    stores style substring summary synonym sysfun sysibm sysproc system system_user table tablespace then time
    timestamp to transaction trigger trim truncate type undo union unique until update usage user using validproc value
    values variable variant vcat version view volatile volumes when whenever where while with without wlm write
    xmlelement xmlexists xmlnamespaces year years
    """.split()  # noqa: SIM905 - words, to be read as such
)
"""IBM's list, which holds the words of all its databases."""

HARMLESS = {"data", "file", "query", "role", "summary", "type"}
"""On the list because of other databases of IBM's; DB2 takes them for columns wherever no keyword could stand. There
are to be no more of them."""


@pytest.mark.parametrize("pattern", NOT_EVERYWHERE.values(), ids=NOT_EVERYWHERE.keys())
def test_no_statement_has_what_not_every_database_understands(pattern: str) -> None:
    assert [str(text) for text in OURS if re.search(pattern, text.sql)] == []


def test_there_are_statements_to_check() -> None:
    assert len(OURS) > 80


@pytest.mark.parametrize("dialect", [SQLite(), DB2()], ids=["SQLite", "DB2"])
def test_every_migration_is_complete_in_the_words_of(dialect: SQLite | DB2) -> None:
    for _, name, made in MIGRATIONS:
        for sql in made:
            assert "{" not in sql.format(**dialect.types), name


def test_names_are_no_reserved_words() -> None:
    """A column called `at` works in SQLite and stops the migration of DB2."""
    names = {
        name
        for _, _, made in MIGRATIONS
        for sql in made
        for name in [*re.findall(r"CREATE (?:TABLE|INDEX) (\w+)", sql), *_columns(sql)]
    }
    assert len(names) > 60
    assert names & RESERVED <= HARMLESS


def test_names_of_indexes_are_no_longer_than_db2_allows_and_each_is_there_once() -> None:
    names = [
        name for _, _, made in MIGRATIONS for sql in made for name in re.findall(r"CREATE INDEX (\w+)", sql)
    ]
    assert len(names) == len(set(names))
    assert max(map(len, names)) <= 128


def test_no_row_is_longer_than_a_page_of_db2() -> None:
    """32 KiB, less what the page itself takes: 32,677 bytes."""
    for _, _, made in MIGRATIONS:
        for sql in made:
            if "CREATE TABLE" in sql:
                sizes = re.findall(r"(?:VAR)?CHAR\((\d+)\)", sql.format(**DB2().types))
                others = len(re.findall(r"\b(?:BIGINT|INTEGER|SMALLINT)\b", sql)) + sql.count("{identity}")
                assert sum(map(int, sizes)) + 6 * len(sizes) + 9 * others <= 32_677, sql


def _columns(sql: str) -> list[str]:
    return re.findall(
        r"^ +(\w+) (?:\{|VARCHAR|CHAR|BIGINT|INTEGER|SMALLINT|CLOB|BLOB|DECIMAL|TIMESTAMP)", sql, re.MULTILINE
    )
