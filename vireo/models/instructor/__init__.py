"""The instructor, a frozen LLaVA-class model: `instructor` (the model with its processor and template, and asking it),
`prompts` (templates and questions), `states` (what the editor reads, VIVA Eq. 1), `critic` (ReViSE 4.2.2) and
`presence` (is what is named there?). Before it comes `reading`: an instruction in everyday words (`lexicon`)
against what a model declares to know (`vocabulary`).
"""
