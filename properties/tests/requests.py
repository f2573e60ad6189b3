PROPERTIES = "/api/v1/properties"
# What a new listing needs.
HOME = {
    "title": "Home",
    "property_type": "apartment",
    "purpose": "rent",
    "city": "Mumbai",
    "base_price": 50_000,
}
IMAGE = {"image_url": "https://images.example.com/a.jpg"}
