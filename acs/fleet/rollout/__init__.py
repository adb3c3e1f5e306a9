"""A change to many phones, wave by wave, that proves itself and stops before it hurts. Rules only.

definition      what an operator asks for, and what is wrong with it
waves           how many phones are tried when
window          the hours in which a phone may be touched, on its own clock (`zones`)
pace            how many at once, at one site, in a second
firmware_check  whether an image is for a phone
progress        a phone's way: from its task's evidence to an outcome
health          whether an upgraded phone is well
gate            whether the next wave may begin
stop_rule       whether too much went wrong
approval        whether a second person has to agree
rollout         the whole's own state, and what may be done to it
plan, forecast  what is to come, before the start and under way
"""
