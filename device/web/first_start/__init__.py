"""The first start: the label's code and a press at the device make it the school's; afterwards it is gone."""
