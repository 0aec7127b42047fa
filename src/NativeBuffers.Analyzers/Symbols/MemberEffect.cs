namespace NativeBuffers.Analyzers.Symbols;

/// <summary>The effects that a member of the library has on its owner.</summary>
internal enum MemberEffect
{
    /// <summary>A member that also works after the owner ended.</summary>
    Harmless,

    /// <summary>Uses the owner.</summary>
    Use,

    /// <summary>Ends the owner.</summary>
    Dispose,

    /// <summary>Ends the owner, and returns the new one.</summary>
    Move,

    /// <summary>Ends the owner, and returns a pointer that the caller frees.</summary>
    Release,

    /// <summary>Ends the views.</summary>
    Resize,

    /// <summary>May end the views.</summary>
    Grow,

    /// <summary>Returns a view.</summary>
    View,

    /// <summary>May end the views, and returns a new one.</summary>
    GrowAndView,

    /// <summary>Returns a view that looks up the place of the elements each time.</summary>
    LastingView,

    /// <summary>May end the views, and returns one that looks up the place of the elements each time.</summary>
    GrowAndLastingView,

    /// <summary>Returns a new owner that needs this one.</summary>
    BeginScope,

    /// <summary>Returns a new owner that keeps the memory itself: a borrow, or a pin.</summary>
    Borrow,
}
