"""The app `warehouse`: the files that a shop delivers night by night, with every fault that such files have."""
