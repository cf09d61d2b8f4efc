"""The use cases of webhooks: to subscribe, and to change a subscription."""
