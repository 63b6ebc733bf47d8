print("counting")
