"""Who writes plans: a language model that asks a twin hop by hop. `open_reasoner` of opening.py opens one by name.

protocol.py   what a writer of calls is, and the loop from a query to a plan, whatever the writer writes
opening.py    reasoners by their names
prompt.py     what mini's language model reads
mini.py       mini's language model
few_shot.py   what other models are told of the language of calls
transformers_lm.py  any causal language model of transformers
chat.py       chat models, behind an endpoint or local
"""
