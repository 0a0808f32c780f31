"""Nothing lost, nothing twice: real servers, real faults, and a checker that knows only what clients saw.

    python -m tests.faults --seed 7 --cycles 100

- `clients.py`: people who write under numbered keys and keep to the contract, and note down what they asked and saw
- `history.py`: what they noted down, and what is there in the end
- `checker.py`: from these two to what is wrong with them; it knows nothing of how the servers work
- `nodes.py`, `launcher.py`: the servers, how to hurt them, and named points to die at
- `nemesis.py`: which harm, when; all of it from one seed
- `story.py`: puts these together
"""
