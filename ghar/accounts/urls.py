from ghar.accounts import views
from ghar.api.routers import endpoint

urlpatterns = [
    endpoint("auth/signup", views.Signup.as_view(), "signup"),
    endpoint("auth/login", views.Login.as_view(), "login"),
    endpoint("auth/logout", views.Logout.as_view(), "logout"),
    endpoint("auth/logout-all", views.LogoutAll.as_view(), "logout-all"),
    endpoint("auth/password", views.Password.as_view(), "password"),
    endpoint("users/me", views.Me.as_view(), "me"),
]
