"""The search answers what it is asked, as the benchmark measures it on questions that it was not made with."""

from tests.bench.answers import ask_all, figures


async def test_people_find_their_answer_and_hear_when_there_is_none() -> None:
    found = figures(await ask_all("held_out"))

    assert found["first"] >= 0.7
    assert found["three"] >= 0.9
    assert found["unknown"] >= 0.9
