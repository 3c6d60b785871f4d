"""The structured report: the consensus' tables 1-3 as versioned templates, answers, checks, exports."""
