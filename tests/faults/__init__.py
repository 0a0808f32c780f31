"""Nothing lost, nothing twice: real servers, real faults, and a checker that knows only what clients saw.

    python -m tests.faults --seed 7 --cycles 100

- `clients.py`, `talkers.py`, `lines.py`: people who write under numbered keys and keep to the contract, whatever comes
- `history.py`: what they noted down, and what is there in the end
- `checker.py`, `checks_*.py`: from these two to what is wrong with them; they know nothing of how the servers work
- `nodes.py`, `launcher.py`: the servers, how to hurt them, and named points to die at
- `nemesis.py`: which harm, when; all of it from one seed
- `story.py`, `cast.py`, `ending.py`: put these together
"""
