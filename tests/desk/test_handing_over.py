"""In which words people ask for a person, and in which they do not."""

import time

import pytest

from ccr.desk.handing_over import LONGEST_WISH, wants_person

WISHES = (
    "person",
    "Person, please!",
    "“person”",
    "a human",
    "A human please",
    "human",
    "agent!!!",
    "Hello, agent please",
    "real person pls",
    "live agent",
    "a real human being, now",
    "representative",
    "customer service",
    "live chat",
    "Is there a live chat?",
    "human support please",
    "please call me",
    "Please call me back.",
    "Can you call me on 0170 123456?",
    "could somebody please call me",
    "I want to talk to a person",
    "I want to talk to a person about my kettle",
    "i want to talk to a real human being",
    "I want to speak to someone",
    "I'd like to speak with somebody about my bill",
    "I’d rather talk to a human",
    "I would like to talk with one of your people",
    "We need to speak to a representative",
    "I wanna talk to an agent",
    "can I talk to somebody?",
    "can I speak to somebody real",
    "Could I please speak with a manager?",
    "How do I talk to a real person?",
    "how can i speak to someone",
    "Is it possible to talk to someone?",
    "talk to someone please",
    "Talk to a person please",
    "speak to an advisor",
    "contact a human",
    "Hi, chat with an agent",
    "let me speak to your supervisor",
    "Let me talk to customer service",
    "Connect me with an agent",
    "please transfer me to a representative",
    "put me through to somebody real",
    "Hand me over to a human",
    "give me a human",
    "get me a human being",
    "I need an actual person now",
    "I need a manager",
    "put me in touch with a person",
    "I want to be connected to an agent",
    "have someone call me",
    "I have to talk to somebody",
    "a person please, not a bot",
    "I am not talking to a bot",
    "I want a human.",
    "I need a human, not a bot",
    "I need a person to help me",
    "Can I get an agent?",
    "Could a human look at this?",
    "I want help from a real person",
    "Is a person there?",
    "Is there someone I can talk to?",
    "Is an agent available?",
    "turn off the bot",
    "Switch the assistant off, please",
    "no bots",
    "No bot please",
    "stop this bot",
    "I don't want to talk to a bot",
    "I do not want to chat with a machine",
    "I'm sick of talking to a computer",
    "I don't want a bot",
)

NO_WISHES = (
    "",
    "?",
    "who is my agent",
    "Hello? Is anybody there?",  # they may be asking their agent
    "how do I rate the agent",
    "I need a new password",
    "When will my agent answer?",
    "The bot was kind",
    "I want to write to you about my kettle",
    "How do I talk to my agent on the phone?",
    "can I talk to the agent later?",
    "can not start my machine",
    "I could not get the machine to start",
    "The display does not show the machine",
    "I have no washing machine",
    "There is no coffee machine in the parcel",
    "turn off the machine",
    "How do I turn off the machine?",
    "The coffee machine is off",
    "Stop the machine",
    "I do not want the machine any more",
    "My robot does not start",
    "The robot will not stop",
    "I can not use the assistant on my phone",
    "We need staff accounts",
    "I need an agent account",
    "I want to have an employee discount",
    "I need a representative sample",
    "I need to get a person removed from my account",
    "I need a person's name changed",
    "I need human-readable invoices",
    "It was a human error",
    "I need a cleaning agent for the kettle",
    "I want to change my agent",
    "I would like a different agent",
    "I need another agent",
    "ask for support",
    "there is no agent on my ticket",
    "I need my people to see the ticket",
    "give the agent my number",
    "I want to give people access",
    "write to the agent",
    "the other person wants to get the code",
    "no I did not get the agent's message",
    "Somebody else uses my account",
    "I have an agent, but he does not answer",
    "How can I talk to people in my group?",
    "Am I talking to a person?",
    "I want my ticket to be read by a person",
    "customer service phone number",
    "Someone stole my parcel",
    "Can somebody help me with my password?",
    "Does anyone know when it opens?",
    "Is there anything new?",
    "I spoke to someone yesterday",
    "I already talked to a person on the phone",
    "I did not speak to anyone",
    "Do I need to talk to someone to close my ticket?",
    "What if I want to speak to someone?",
    "I want to chat with someone in my team",
    "Please call me Anna",
    "Why did you call me?",
    "Do not call me",
    "Nobody called me back",
    "I need the manager app",
    "The live picture is black",
    "Your customer service was very good",
    "I want to support my team",
    "How many people can use it?",
    "My real name is another",
    "The person at the counter told me to write here, since the invoice has a wrong name on it and nobody knows.",
)


@pytest.mark.parametrize("text", WISHES)
def test_who_wants_a_person_is_understood(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", NO_WISHES)
def test_who_does_not_is_not_misunderstood(text: str) -> None:
    assert not wants_person(text)


@pytest.mark.parametrize(
    "words", ["a ", "please ", "i want to ", "no ", "hello, ", "person ", "call me ", "1"]
)
def test_it_is_known_at_once_whatever_is_written(words: str) -> None:
    text = (words * LONGEST_WISH)[:LONGEST_WISH]

    began = time.process_time()
    wants_person(text)

    assert time.process_time() - began < 0.05
